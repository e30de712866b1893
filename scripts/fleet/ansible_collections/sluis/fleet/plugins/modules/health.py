# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin of this name, which does the work."""

DOCUMENTATION = r"""
module: health
short_description: Whether a Sluis box is well, and stays so
description:
  - Runs on this machine, and asks the box by its control API, over mutual TLS.
  - The inventory says how, by C(ansible_host), C(sluis_port), C(sluis_server_name), C(sluis_ca), C(sluis_cert), C(sluis_key).
author: the maintainers of Sluis
options:
  settle:
    description: "Seconds for which it has to be well on end."
    type: int
    default: 0
  patience:
    description: "Seconds to wait for that."
    type: int
    default: 60
  bundle:
    description: "A bundle on this machine: its rules have to be the ones in force."
    type: path
  also_accept:
    description: "Names of alarms that do not count, besides C(sluis_accepted_alarms)."
    type: list
    elements: str
  stage:
    description: "What the report says of a box that is well."
    type: str
    default: well
  undo:
    description: "What is taken back when the box is not well: C(rules) on probation, or the C(configuration) that waits."
    type: str
"""

EXAMPLES = r"""
- sluis.fleet.health: {settle: 60, patience: 120}
"""

RETURN = r"""
sluis:
  description: Where the box is in a roll-out (C(stage)), with facts about it, for the report.
  returned: success
  type: dict
"""
