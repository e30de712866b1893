# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin of this name, which does the work."""

DOCUMENTATION = r"""
module: configuration
short_description: The configuration file of a Sluis box
description:
  - Runs on this machine, and asks the box by its control API, over mutual TLS.
  - The inventory says how, by C(ansible_host), C(sluis_port), C(sluis_server_name), C(sluis_ca), C(sluis_cert), C(sluis_key).
author: the maintainers of Sluis
options:
  text:
    description: "The whole file. Required."
    type: str
    required: true
  state:
    description: "C(tried), C(applied) until it is confirmed, or C(confirmed). Required."
    type: str
    required: true
  confirm_timeout:
    description: "Seconds until the box undoes it unless it is confirmed."
    type: int
    default: 600
  may_restart:
    description: "Whether the dataplane may start again for it, and frames be lost."
    type: bool
    default: false
  comment:
    description: "For the box's audit record."
    type: str
  patience:
    description: "Seconds for the box to take it up."
    type: int
    default: 300
"""

EXAMPLES = r"""
- sluis.fleet.configuration: {text: "{{ lookup('ansible.builtin.template', sluis_configuration) }}", state: tried}
"""

RETURN = r"""
sluis:
  description: Where the box is in a roll-out (C(stage)), with facts about it, for the report.
  returned: success
  type: dict
"""
