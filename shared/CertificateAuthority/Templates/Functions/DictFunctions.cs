namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>sprig's functions of dicts. <c>set</c>, <c>unset</c> and <c>merge</c> change the one they are given, as in sprig.</summary>
internal static class DictFunctions
{
    public static IEnumerable<TemplateFunction> All { get; } =
    [
        new("dict", 0, int.MaxValue, Dict),
        new("get", 2, 2, call => call.Map(0).TryGetValue(call.Text(1), out var value) ? value : ""),
        new("set", 3, 3, Set),
        new("unset", 2, 2, Unset),
        new("hasKey", 2, 2, call => call.Map(0).ContainsKey(call.Text(1))),
        new("keys", 0, int.MaxValue, call => GoValue.ListOf(call.Made(Enumerable.Range(0, call.Count).SelectMany(index => call.Map(index).Keys.Order(StringComparer.Ordinal))).Cast<string>())),
        new("values", 1, 1, call => call.Made(call.Map(0).OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => entry.Value))),
        new("pluck", 1, int.MaxValue, call => call.Made(Enumerable.Range(1, call.Count - 1).Select(call.Map).Where(map => map.ContainsKey(call.Text(0))).Select(map => map[call.Text(0)]))),
        new("pick", 1, int.MaxValue, call => Only(call, isPicked: true)),
        new("omit", 1, int.MaxValue, call => Only(call, isPicked: false)),
        new("merge", 1, int.MaxValue, call => Merged(call, overwrites: false)),
        new("mustMerge", 1, int.MaxValue, call => Merged(call, overwrites: false)),
        new("mergeOverwrite", 1, int.MaxValue, call => Merged(call, overwrites: true)),
        new("mustMergeOverwrite", 1, int.MaxValue, call => Merged(call, overwrites: true)),
        new("dig", 3, int.MaxValue, Dig),
        new("deepCopy", 1, 1, call => Copy(call[0], call.Budget, 0)),
        new("mustDeepCopy", 1, 1, call => Copy(call[0], call.Budget, 0)),
    ];

    private static Dictionary<string, object?> Dict(TemplateCall call)
    {
        var dict = new Dictionary<string, object?>(StringComparer.Ordinal);
        call.Budget.Step(call.Count);
        for (var i = 0; i < call.Count; i += 2)
        {
            dict[call.Shown(i)] = i + 1 < call.Count ? call[i + 1] : "";
        }

        return dict;
    }

    private static Dictionary<string, object?> Set(TemplateCall call)
    {
        var dict = call.OwnMap(0);
        // A dict within itself has no end.
        dict[call.Text(1)] = Copy(call[2], call.Budget, 0);
        return dict;
    }

    private static Dictionary<string, object?> Unset(TemplateCall call)
    {
        var dict = call.OwnMap(0);
        dict.Remove(call.Text(1));
        return dict;
    }

    private static Dictionary<string, object?> Only(TemplateCall call, bool isPicked)
    {
        var names = Enumerable.Range(1, call.Count - 1).Select(call.Text).ToHashSet(StringComparer.Ordinal);
        call.Budget.Step(call.Map(0).Count);
        return call.Map(0).Where(entry => names.Contains(entry.Key) == isPicked).ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.Ordinal);
    }

    private static Dictionary<string, object?> Merged(TemplateCall call, bool overwrites)
    {
        var into = call.OwnMap(0);
        for (var i = 1; i < call.Count; i++)
        {
            Merge(into, call.Map(i), overwrites, call.Budget, 0);
        }

        return into;
    }

    private static void Merge(Dictionary<string, object?> into, IReadOnlyDictionary<string, object?> from, bool overwrites, TemplateBudget budget, int depth)
    {
        GoValue.RequireDepth(depth);
        foreach (var (key, value) in from.ToList())
        {
            budget.Step();
            if (into.TryGetValue(key, out var mine) && mine is Dictionary<string, object?> inner && value is IReadOnlyDictionary<string, object?> other)
            {
                Merge(inner, other, overwrites, budget, depth + 1);
            }
            else if (overwrites ? GoValue.IsTrue(value) || !into.ContainsKey(key) : !GoValue.IsTrue(mine))
            {
                into[key] = Copy(value, budget, depth + 1);
            }
        }
    }

    /// <summary>Names, the value where one of them is missing, and the dict.</summary>
    private static object? Dig(TemplateCall call)
    {
        object? at = call.Map(call.Count - 1);
        for (var i = 0; i < call.Count - 2; i++)
        {
            if (at is not IReadOnlyDictionary<string, object?> map || !map.TryGetValue(call.Text(i), out at))
            {
                return call[call.Count - 2];
            }
        }

        return at;
    }

    private static object? Copy(object? value, TemplateBudget budget, int depth)
    {
        GoValue.RequireDepth(depth);
        budget.Step();
        return value switch
        {
            IReadOnlyDictionary<string, object?> map => map.ToDictionary(entry => entry.Key, entry => Copy(entry.Value, budget, depth + 1), StringComparer.Ordinal),
            GoList texts => texts,
            IReadOnlyList<object?> list => list.Select(item => Copy(item, budget, depth + 1)).ToList(),
            _ => value,
        };
    }
}
