"""Prints the boards. Exit status 1: a board's file is wrong."""

import sys

import board as boards

status = 0
for name in boards.names():
    try:
        board = boards.load(name)
        print(f"{name:16} {board.architecture:6} run on: {board.tested:10} {board.title}")
    except boards.BoardError as error:
        print(f"scripts/firmware: {error}", file=sys.stderr)
        status = 1
sys.exit(status)
