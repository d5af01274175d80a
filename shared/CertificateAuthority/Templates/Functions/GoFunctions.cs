namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>Functions of text/template itself.</summary>
internal static class GoFunctions
{
    public static IEnumerable<TemplateFunction> All { get; } =
    [
        new("and", 1, int.MaxValue, call => call.All[^1]) { ShortCircuit = false },
        new("or", 1, int.MaxValue, call => call.All[^1]) { ShortCircuit = true },
        new("not", 1, 1, call => !GoValue.IsTrue(call[0])),
        new("len", 1, 1, call => Length(call[0])),
        new("index", 1, int.MaxValue, call => call.All.Skip(1).Aggregate(call[0], Index)),
        new("eq", 2, int.MaxValue, call => call.All.Skip(1).Any(other => AreEqual(call.All[0], other, call.Budget))),
        new("ne", 2, 2, call => !AreEqual(call[0], call[1], call.Budget)),
        new("lt", 2, 2, call => Compare(call[0], call[1]) < 0),
        new("le", 2, 2, call => Compare(call[0], call[1]) <= 0),
        new("gt", 2, 2, call => Compare(call[0], call[1]) > 0),
        new("ge", 2, 2, call => Compare(call[0], call[1]) >= 0),
        new("print", 0, int.MaxValue, Print),
        new("println", 0, int.MaxValue, call => call.Made(string.Join(' ', call.All.Select(call.Show)) + "\n")),
        new("printf", 1, int.MaxValue, call => GoFormat.Format(call.Text(0), call.All[1..], call.Budget)),
        new("urlquery", 0, int.MaxValue, call => call.Made(Uri.EscapeDataString((string)Print(call)).Replace("%20", "+", StringComparison.Ordinal))),
    ];

    /// <summary>Spaces come between two that are no strings.</summary>
    private static object Print(TemplateCall call)
    {
        var result = new System.Text.StringBuilder();
        for (var i = 0; i < call.Count; i++)
        {
            result.Append(i > 0 && call[i - 1] is not string && call[i] is not string ? " " : "").Append(call.Shown(i));
        }

        return call.Made(result.ToString());
    }

    private static object Length(object? value) => value switch
    {
        string text => (long)System.Text.Encoding.UTF8.GetByteCount(text),
        IReadOnlyList<object?> list => (long)list.Count,
        IReadOnlyDictionary<string, object?> map => (long)map.Count,
        _ => throw new TemplateCallException($"len: {GoValue.TypeOf(value)} has no length"),
    };

    private static object? Index(object? of, object? at) => (of, at) switch
    {
        (IReadOnlyList<object?> list, long index) => index >= 0 && index < list.Count ? list[(int)index] : throw new TemplateCallException($"index: {index} is beyond the list's end"),
        (IReadOnlyDictionary<string, object?> map, string key) => map.GetValueOrDefault(key),
        (string text, long index) => System.Text.Encoding.UTF8.GetBytes(text) is var bytes && index >= 0 && index < bytes.Length ? (long)bytes[(int)index] : throw new TemplateCallException($"index: {index} is beyond the text's end"),
        (null, _) => throw new TemplateCallException("index: nil has no members"),
        _ => throw new TemplateCallException($"index: {GoValue.TypeOf(of)} has no member by {GoValue.TypeOf(at)}"),
    };

    /// <summary>Values of two types can't be compared; nil is equal to nil alone.</summary>
    private static bool AreEqual(object? one, object? other, TemplateBudget budget) => (one, other) switch
    {
        (IReadOnlyList<object?> or IReadOnlyDictionary<string, object?>, _) or (_, IReadOnlyList<object?> or IReadOnlyDictionary<string, object?>) =>
            throw new TemplateCallException("lists and dicts can't be compared by eq and ne; deepEqual compares them"),
        (null, _) or (_, null) => one is null && other is null,
        _ when one.GetType() != other.GetType() => throw new TemplateCallException($"{GoValue.TypeOf(one)} and {GoValue.TypeOf(other)} can't be compared"),
        _ => GoValue.DeepEquals(one, other, budget),
    };

    private static int Compare(object? one, object? other) => (one, other) switch
    {
        (long a, long b) => a.CompareTo(b),
        (double a, double b) => a.CompareTo(b),
        (string a, string b) => string.CompareOrdinal(a, b),
        _ => throw new TemplateCallException($"{GoValue.TypeOf(one)} and {GoValue.TypeOf(other)} can't be compared"),
    };
}
