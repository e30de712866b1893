# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin of this name, which does the work."""

DOCUMENTATION = r"""
module: policy
short_description: The policy (zones, dates) of a Sluis box
description:
  - Runs on this machine, and asks the box by its control API, over mutual TLS.
  - The inventory says how, by C(ansible_host), C(sluis_port), C(sluis_server_name), C(sluis_ca), C(sluis_cert), C(sluis_key).
author: the maintainers of Sluis
options:
  text:
    description: "The whole file. Required. The device lists that it names are on the box already."
    type: str
    required: true
  state:
    description: "C(tried) or C(installed). Required."
    type: str
    required: true
  comment:
    description: "For the box's audit record."
    type: str
  patience:
    description: "Seconds for the box to take it up."
    type: int
    default: 300
"""

EXAMPLES = r"""
- sluis.fleet.policy: {text: "{{ lookup('ansible.builtin.template', sluis_policy) }}", state: tried}
"""

RETURN = r"""
sluis:
  description: Where the box is in a roll-out (C(stage)), with facts about it, for the report.
  returned: success
  type: dict
"""
