# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin of this name, which does the work."""

DOCUMENTATION = r"""
module: rules
short_description: A signed bundle of rules on a Sluis box
description:
  - Runs on this machine, and asks the box by its control API, over mutual TLS.
  - The inventory says how, by C(ansible_host), C(sluis_port), C(sluis_server_name), C(sluis_ca), C(sluis_cert), C(sluis_key).
author: the maintainers of Sluis
options:
  bundle:
    description: "On this machine. Required."
    type: path
    required: true
  state:
    description: "C(tried), C(installed) on probation, or C(confirmed). Required."
    type: str
    required: true
  probation:
    description: "Seconds until the box rolls it back unless it is confirmed."
    type: int
    default: 900
  comment:
    description: "For the box's audit record."
    type: str
  patience:
    description: "Seconds for the box to check and compile it."
    type: int
    default: 900
"""

EXAMPLES = r"""
- sluis.fleet.rules: {bundle: /srv/8.bundle, state: tried}
"""

RETURN = r"""
sluis:
  description: Where the box is in a roll-out (C(stage)), with facts about it, for the report.
  returned: success
  type: dict
"""
