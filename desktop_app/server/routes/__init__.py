"""The routes of the analysis server by topic. Each runs on a thread of the pool or hands its blocking part to one."""
