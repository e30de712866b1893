# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin of this name, which does the work."""

DOCUMENTATION = r"""
module: firmware
short_description: The firmware of a Sluis box
description:
  - Runs on this machine, and asks the box by its control API, over mutual TLS.
  - The inventory says how, by C(ansible_host), C(sluis_port), C(sluis_server_name), C(sluis_ca), C(sluis_cert), C(sluis_key).
author: the maintainers of Sluis
options:
  source:
    description: "URL from which the box fetches a signed bundle, on a server that knows ranges. Required."
    type: str
    required: true
  version:
    description: "What the box says it runs, once it runs that. Required."
    type: str
    required: true
  state:
    description: "C(installed) into the other slot, or C(started) and kept. Required."
    type: str
    required: true
  comment:
    description: "For the box's audit record."
    type: str
  patience:
    description: "Seconds to write it; likewise to start and be good."
    type: int
    default: 1800
"""

EXAMPLES = r"""
- sluis.fleet.firmware: {source: 'https://updates.example/box-1.4.raucb', version: '1.4', state: installed}
"""

RETURN = r"""
sluis:
  description: Where the box is in a roll-out (C(stage)), with facts about it, for the report.
  returned: success
  type: dict
"""
