"""Pure orchestration and judging; sees engines only through ports.Evaluator."""
