namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>sprig's arithmetic: integers, and by the functions that end in f and by rounding, floats.</summary>
internal static class NumberFunctions
{
    public static IEnumerable<TemplateFunction> All { get; } =
    [
        new("atoi", 1, 1, call => long.TryParse(call.Text(0), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : 0L),
        new("int", 1, 1, call => call.Integer(0)),
        new("int64", 1, 1, call => call.Integer(0)),
        new("float64", 1, 1, call => call.Real(0)),
        new("toDecimal", 1, 1, call => Convert.ToInt64(call.Shown(0), 8)),
        new("add", 1, int.MaxValue, call => Integers(call, (a, b) => a + b)),
        new("add1", 1, 1, call => unchecked(call.Integer(0) + 1)),
        new("sub", 2, 2, call => Integers(call, (a, b) => a - b)),
        new("mul", 1, int.MaxValue, call => Integers(call, (a, b) => unchecked(a * b))),
        new("div", 2, 2, call => call.Integer(1) != 0 ? Integers(call, (a, b) => b == -1 ? unchecked(-a) : a / b) : throw Zero("div")),
        new("mod", 2, 2, call => call.Integer(1) != 0 ? Integers(call, (a, b) => b == -1 ? 0 : a % b) : throw Zero("mod")),
        new("max", 1, int.MaxValue, call => Integers(call, Math.Max)),
        new("biggest", 1, int.MaxValue, call => Integers(call, Math.Max)),
        new("min", 1, int.MaxValue, call => Integers(call, Math.Min)),
        new("addf", 1, int.MaxValue, call => Reals(call, (a, b) => a + b)),
        new("add1f", 1, 1, call => call.Real(0) + 1),
        new("subf", 1, int.MaxValue, call => Reals(call, (a, b) => a - b)),
        new("mulf", 1, int.MaxValue, call => Reals(call, (a, b) => a * b)),
        new("divf", 1, int.MaxValue, call => Reals(call, (a, b) => a / b)),
        new("maxf", 1, int.MaxValue, call => Reals(call, Math.Max)),
        new("minf", 1, int.MaxValue, call => Reals(call, Math.Min)),
        new("ceil", 1, 1, call => Math.Ceiling(call.Real(0))),
        new("floor", 1, 1, call => Math.Floor(call.Real(0))),
        new("round", 2, 3, call => Math.Round(call.Real(0), Math.Clamp(call.Int(1), 0, 15), MidpointRounding.AwayFromZero)),
    ];

    private static object Integers(TemplateCall call, Func<long, long, long> combine) => call.All.Skip(1).Aggregate(call.Integer(0), (sum, value) => combine(sum, GoNumber.ToInteger(value)));

    private static object Reals(TemplateCall call, Func<double, double, double> combine) => call.All.Skip(1).Aggregate(call.Real(0), (sum, value) => combine(sum, GoNumber.ToReal(value)));

    private static TemplateCallException Zero(string name) => new($"{name}: it divides by zero");
}
