"""What a hostile learner or stranger can try, to be seen for oneself: ``python -m tools.attack``, against a trial on this computer.

Each attack is one function, with what it tries and what should be seen. While it runs, a neighbor in another process
saves an answer again and again, as a page does, and the memory of Hub and service is watched. Every attack is bounded in
count and time, and none is sent to anything but a loopback address.
"""
