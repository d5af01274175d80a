namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>sprig's functions of lists. None changes the list it is given.</summary>
internal static class ListFunctions
{
    public static IEnumerable<TemplateFunction> All { get; } =
    [
        new("list", 0, int.MaxValue, call => call.Made(call.All)),
        new("tuple", 0, int.MaxValue, call => call.Made(call.All)),
        .. Both("first", 1, 1, call => call.List(0) is { Count: > 0 } list ? list[0] : null),
        .. Both("last", 1, 1, call => call.List(0) is { Count: > 0 } list ? list[^1] : null),
        .. Both("rest", 1, 1, call => call.List(0) is { Count: > 0 } list ? call.Made(list.Skip(1)) : null),
        .. Both("initial", 1, 1, call => call.List(0) is { Count: > 0 } list ? call.Made(list.SkipLast(1)) : null),
        .. Both("append", 2, 2, call => call.Made(call.List(0).Append(call[1]))),
        .. Both("push", 2, 2, call => call.Made(call.List(0).Append(call[1]))),
        .. Both("prepend", 2, 2, call => call.Made(call.List(0).Prepend(call[1]))),
        .. Both("reverse", 1, 1, call => call.Made(call.List(0).Reverse())),
        .. Both("uniq", 1, 1, Unique),
        .. Both("without", 1, int.MaxValue, call => call.Made(call.List(0).Where(item => !call.All.Skip(1).Any(other => GoValue.DeepEquals(item, other, call.Budget))))),
        .. Both("has", 2, 2, call => call[1] is not null && call.List(1).Any(item => GoValue.DeepEquals(call.All[0], item, call.Budget))),
        .. Both("compact", 1, 1, call => call.Made(call.List(0).Where(GoValue.IsTrue))),
        .. Both("slice", 1, 3, Slice),
        .. Both("chunk", 2, 2, call => call.Made(call.List(1).Chunk(Math.Max(1, call.Int(0))).Select(part => (object?)part.ToList()))),
        new("concat", 0, int.MaxValue, call => call.Made(Enumerable.Range(0, call.Count).SelectMany(call.List))),
        new("until", 1, 1, call => Sequence(call, 0, call.Int(0), call.Int(0) < 0 ? -1 : 1)),
        new("untilStep", 3, 3, call => Sequence(call, call.Int(0), call.Int(1), call.Int(2))),
        new("seq", 0, 3, Numbers),
    ];

    private static IEnumerable<TemplateFunction> Both(string name, int least, int most, Func<TemplateCall, object?> body) =>
        [new(name, least, most, body), new("must" + char.ToUpperInvariant(name[0]) + name[1..], least, most, body)];

    private static List<object?> Unique(TemplateCall call)
    {
        var found = new List<object?>();
        foreach (var item in call.List(0))
        {
            if (!found.Exists(other => GoValue.DeepEquals(item, other, call.Budget)))
            {
                found.Add(item);
            }
        }

        return found;
    }

    private static object? Slice(TemplateCall call)
    {
        var list = call.List(0);
        var start = call.Count > 1 ? call.Integer(1) : 0;
        var end = call.Count > 2 ? call.Integer(2) : list.Count;
        return list.Count == 0 ? null
            : start >= 0 && start <= end && end <= list.Count ? call.Made(list.Skip((int)start).Take((int)(end - start)))
            : throw new TemplateCallException("slice: it is beyond the list's end");
    }

    private static List<object?> Sequence(TemplateCall call, long from, long to, long step)
    {
        if (step == 0 || (to < from && step > 0) || (to > from && step < 0))
        {
            return [];
        }

        var count = (Math.Abs(to - from) + Math.Abs(step) - 1) / Math.Abs(step);
        call.Budget.Step(count);
        return [.. Enumerable.Range(0, (int)count).Select(index => (object?)(from + (index * step)))];
    }

    /// <summary>As the command seq: first, step, last; a text.</summary>
    private static string Numbers(TemplateCall call)
    {
        var (first, step, last) = call.Count switch
        {
            0 => (1, 1, 0),
            1 => (1, call.Int(0) < 1 ? -1 : 1, call.Int(0)),
            2 => (call.Int(0), call.Int(1) < call.Int(0) ? -1 : 1, call.Int(1)),
            _ => (call.Int(0), call.Int(1), call.Int(2)),
        };
        return call.Count == 0 ? "" : call.Made(string.Join(' ', Sequence(call, first, last + (long)Math.Sign(step), step)));
    }
}
