using System.Globalization;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <param name="Name">As templates call it.</param>
/// <param name="Least">Arguments it needs.</param>
/// <param name="Most">Arguments it takes.</param>
/// <param name="Body">What it does.</param>
internal sealed record TemplateFunction(string Name, int Least, int Most, Func<TemplateCall, object?> Body)
{
    /// <summary>Of <c>or</c> and <c>and</c>: the truth that decides, and ends the evaluation of arguments.</summary>
    public bool? ShortCircuit { get; init; }

    /// <summary>Long arguments are steps, too: whatever it does with them takes its time.</summary>
    private const int PerStep = 256;

    /// <summary>Throws <see cref="TemplateCallException"/>.</summary>
    public object? Invoke(object?[] arguments, TemplateRun run)
    {
        if (arguments.Length < Least || arguments.Length > Most)
        {
            throw new TemplateCallException(string.Create(CultureInfo.InvariantCulture, $"{Name} takes {(Least == Most ? $"{Least}" : Most == int.MaxValue ? $"at least {Least}" : $"{Least} to {Most}")} arguments and has {arguments.Length}"));
        }

        foreach (var argument in arguments)
        {
            run.Budget.Step(argument switch { string text => text.Length, IReadOnlyCollection<object?> list => list.Count, _ => 0 } / PerStep);
        }

        try
        {
            return Body(new TemplateCall(this, arguments, run));
        }
        catch (Exception e) when (e is OverflowException or ArgumentException or FormatException or InvalidOperationException)
        {
            throw new TemplateCallException($"{Name}: {e.Message}", inner: e);
        }
    }
}

/// <summary>Arguments as a function wants them. Each throws <see cref="TemplateCallException"/> for one of another type, as Go's functions do.</summary>
internal readonly struct TemplateCall(TemplateFunction function, object?[] arguments, TemplateRun run)
{
    public object? this[int index] => arguments[index];

    public int Count => arguments.Length;

    public object?[] All => arguments;

    public TemplateBudget Budget => run.Budget;

    public DateTimeOffset Now => run.Time.GetUtcNow();

    public string Text(int index) => arguments[index] as string ?? throw Wrong(index, "a string");

    public bool Flag(int index) => arguments[index] is bool flag ? flag : throw Wrong(index, "a bool");

    /// <summary>A constant or a result: Go's functions with an int take no float64.</summary>
    public int Int(int index) => arguments[index] is long number and >= int.MinValue and <= int.MaxValue ? (int)number : throw Wrong(index, "an int");

    /// <summary>As sprig casts whatever it is given to int64: what is no number is 0.</summary>
    public long Integer(int index) => GoNumber.ToInteger(arguments[index]);

    public double Real(int index) => GoNumber.ToReal(arguments[index]);

    public IReadOnlyList<object?> List(int index) => arguments[index] as IReadOnlyList<object?> ?? throw Wrong(index, "a list");

    public IReadOnlyDictionary<string, object?> Map(int index) => arguments[index] as IReadOnlyDictionary<string, object?> ?? throw Wrong(index, "a dict");

    /// <summary>One that the template may change: Go's maps are references.</summary>
    public Dictionary<string, object?> OwnMap(int index) => arguments[index] as Dictionary<string, object?> ?? throw Wrong(index, "a dict");

    /// <summary>Whatever it is, as text.</summary>
    public string Shown(int index) => Show(arguments[index]);

    public string Show(object? value) => GoText.Of(value, run.Budget);

    /// <summary>Lists of anything and single values, as texts; nil is none.</summary>
    public List<string> Texts(int index)
    {
        var call = this;
        return arguments[index] switch
        {
            IReadOnlyList<object?> list => [.. list.Where(item => item is not null).Select(item => call.Show(item))],
            null => [],
            var one => [Show(one)],
        };
    }

    /// <summary>Charges a text before it is made.</summary>
    public string Made(string text)
    {
        run.Budget.Text(text.Length);
        return text;
    }

    public List<object?> Made(IEnumerable<object?> items)
    {
        var made = items.ToList();
        run.Budget.Step(made.Count);
        return made;
    }

    private TemplateCallException Wrong(int index, string wanted) => new($"{function.Name}: argument {index + 1} is {GoValue.TypeOf(arguments[index])}, not {wanted}");
}

/// <summary>Numbers as sprig casts values to them.</summary>
internal static class GoNumber
{
    public static long ToInteger(object? value) => value switch
    {
        long number => number,
        double number => double.IsFinite(number) ? checked((long)Math.Clamp(number, -9.2e18, 9.2e18)) : 0,
        bool flag => flag ? 1 : 0,
        string text => GoLiteral.Number(text) is long parsed ? parsed : 0,
        _ => 0,
    };

    public static double ToReal(object? value) => value switch
    {
        double number => number,
        long number => number,
        bool flag => flag ? 1 : 0,
        string text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0,
        _ => 0,
    };
}
