import pytest

from crdtnotes_tui.text.reading.math import MAX_LENGTH, as_unicode


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"x^2 + \alpha", "x² + α"),
        (r"x_{ij}^{n+1}", "xᵢⱼⁿ⁺¹"),
        (r"\sum_{i=0}^n i^2", "∑ᵢ₌₀ⁿ i²"),
        (r"\frac{a}{b}", "a/b"),
        (r"\frac{a+b}{2}", "(a+b)/2"),
        (r"x^{\frac{1}{2}}", "x^(1/2)"),
        (r"e^{i\pi}+1=0", "e^(iπ)+1=0"),
        (r"x^{y^2}", "x^(y²)"),
        (r"\mathbb{R}^n", "ℝⁿ"),
        (r"\sqrt{x+1}", "√(x+1)"),
        (r"a \in A \cap B", "a ∈ A ∩ B"),
        (r"\left(x\right)", "(x)"),
        (r"\text{if } x > 0", "if x > 0"),
        (r"90^\circ", "90°"),
        ("f''(x)", "f′′(x)"),
        ("x^{中}", "x^中"),
        (r"\int_0^1 f(x)\,dx", "∫₀¹ f(x) dx"),
        # What cannot be shown in a line is shown as written.
        (r"\foo{x}", r"\foo{x}"),
        (r"\begin{matrix}a&b\\c&d\end{matrix}", r"\begin{matrix}a&b\\c&d\end{matrix}"),
        ("{x", "{x"),
        ("x^", "x^"),
        ("", ""),
        ("x" * (MAX_LENGTH + 1), "x" * (MAX_LENGTH + 1)),
    ],
)
def test_latex_as_unicode(latex: str, shown: str) -> None:
    assert as_unicode(latex) == shown
