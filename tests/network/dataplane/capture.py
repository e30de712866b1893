"""Capture files in the classic pcap format, written and read whole."""

import struct

FILE_HEADER = struct.Struct("<IHHiIII")
FRAME_HEADER = struct.Struct("<IIII")
MAGIC, ETHERNET = 0xA1B2C3D4, 1


def write(path, frames):
    with open(path, "wb") as file:
        file.write(FILE_HEADER.pack(MAGIC, 2, 4, 0, 0, 65535, ETHERNET))
        for number, frame in enumerate(frames):
            file.write(FRAME_HEADER.pack(number, 0, len(frame), len(frame)) + frame)


def read(path):
    data = path.read_bytes()
    frames, position = [], FILE_HEADER.size
    while position < len(data):
        length = FRAME_HEADER.unpack_from(data, position)[2]
        position += FRAME_HEADER.size
        frames.append(data[position:position + length])
        position += length
    return frames
