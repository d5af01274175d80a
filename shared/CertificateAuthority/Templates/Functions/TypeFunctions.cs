namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>sprig's functions of defaults and types.</summary>
internal static class TypeFunctions
{
    public static IEnumerable<TemplateFunction> All { get; } =
    [
        new("default", 1, int.MaxValue, call => call.Count > 1 && !IsEmpty(call[1]) ? call[1] : call[0]),
        new("empty", 1, 1, call => IsEmpty(call[0])),
        new("coalesce", 0, int.MaxValue, call => call.All.FirstOrDefault(value => !IsEmpty(value))),
        new("all", 0, int.MaxValue, call => !call.All.Any(IsEmpty)),
        new("any", 0, int.MaxValue, call => call.All.Any(value => !IsEmpty(value))),
        new("ternary", 3, 3, call => call.Flag(2) ? call[0] : call[1]),
        new("typeOf", 1, 1, call => GoValue.TypeOf(call[0])),
        new("typeIs", 2, 2, call => GoValue.TypeOf(call[1]) == call.Text(0)),
        new("typeIsLike", 2, 2, call => GoValue.TypeOf(call[1]) is var type && (type == call.Text(0) || type == "*" + call.Text(0))),
        new("kindOf", 1, 1, call => GoValue.KindOf(call[0])),
        new("kindIs", 2, 2, call => GoValue.KindOf(call[1]) == call.Text(0)),
        new("deepEqual", 2, 2, call => GoValue.DeepEquals(call[0], call[1], call.Budget)),
    ];

    /// <summary>A struct never is.</summary>
    private static bool IsEmpty(object? value) => !GoValue.IsTrue(value);
}
