using System.Collections;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>
/// What templates compute with: null, bool, long (Go's int), double (float64), string, <see cref="DateTimeOffset"/>, lists, maps, and <see cref="GoStruct"/>. A missing member and
/// nil are both null.
/// </summary>
internal static class GoValue
{
    private const int MaxDepth = 64;

    /// <summary>Go's notion: neither zero nor empty.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        IReadOnlyList<object?> list => list.Count > 0,
        IReadOnlyDictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    /// <summary>As reflect names it.</summary>
    public static string TypeOf(object? value) => value switch
    {
        null => "<nil>",
        bool => "bool",
        long => "int",
        double => "float64",
        string => "string",
        DateTimeOffset => "time.Time",
        GoStruct { Type: var type } => type,
        GoList { Type: var type } => type,
        IReadOnlyList<object?> => "[]interface {}",
        IReadOnlyDictionary<string, object?> => "map[string]interface {}",
        _ => throw new InvalidOperationException($"A {value.GetType().Name} is no value of a template."),
    };

    /// <summary>As reflect names the kind.</summary>
    public static string KindOf(object? value) => value switch
    {
        null => "invalid",
        bool => "bool",
        long => "int",
        double => "float64",
        string => "string",
        GoStruct { Type: ['*', ..] } => "ptr",
        DateTimeOffset or GoStruct => "struct",
        IReadOnlyList<object?> => "slice",
        _ => "map",
    };

    /// <summary>A member that is missing makes what is below it missing, too; below nil, and in what has no members, there is none.</summary>
    public static object? FieldsOf(object? value, string[] names)
    {
        for (var i = 0; i < names.Length; i++)
        {
            if (value is null && i > 0)
            {
                throw new TemplateCallException($"{names[i - 1]} is nil and has no {names[i]}");
            }

            switch (value)
            {
                case null:
                    return null;
                case IReadOnlyDictionary<string, object?> map:
                    if (!map.TryGetValue(names[i], out value))
                    {
                        return null;
                    }

                    break;
                case GoStruct one when one.TryGet(names[i], out var field):
                    value = field;
                    break;
                default:
                    throw new TemplateCallException($"a value of type {TypeOf(value)} has no field {names[i]}");
            }
        }

        return value;
    }

    /// <summary>reflect.DeepEqual.</summary>
    public static bool DeepEquals(object? one, object? other, TemplateBudget budget, int depth = 0)
    {
        RequireDepth(depth);
        budget.Step();
        return (one, other) switch
        {
            (null, null) => true,
            (IReadOnlyList<object?> a, IReadOnlyList<object?> b) => a.Count == b.Count && a.Zip(b).All(pair => DeepEquals(pair.First, pair.Second, budget, depth + 1)),
            (IReadOnlyDictionary<string, object?> a, IReadOnlyDictionary<string, object?> b) =>
                a.Count == b.Count && a.All(entry => b.TryGetValue(entry.Key, out var value) && DeepEquals(entry.Value, value, budget, depth + 1)),
            (GoStruct a, GoStruct b) => a.Type == b.Type && a.Fields.Zip(b.Fields).All(pair => DeepEquals(pair.First.Value, pair.Second.Value, budget, depth + 1)),
            (null, _) or (_, null) => false,
            _ => one.GetType() == other.GetType() && one.Equals(other),
        };
    }

    /// <summary>Values within each other are calls of this code within each other.</summary>
    public static void RequireDepth(int depth)
    {
        if (depth > MaxDepth)
        {
            throw new TemplateCallException($"a value is nested deeper than {MaxDepth} levels");
        }
    }

    public static IReadOnlyList<object?> ListOf(IEnumerable<string> texts, string type = "[]string") => new GoList(type, [.. texts]);
}

/// <summary>A list of something else than interface{}.</summary>
/// <param name="type">Go's name of it, for example <c>[]string</c>.</param>
/// <param name="items">In order.</param>
internal sealed class GoList(string type, object?[] items) : IReadOnlyList<object?>
{
    public string Type => type;

    /// <summary>Go's nil slice, which is null in JSON.</summary>
    public bool IsNil { get; private init; }

    public int Count => items.Length;

    public object? this[int index] => items[index];

    public static GoList Nil(string type) => new(type, []) { IsNil = true };

    public IEnumerator<object?> GetEnumerator() => items.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>A struct of Go's: fields by name for templates, members by name for JSON.</summary>
/// <param name="type">Go's name of it, for example <c>x509util.Subject</c>.</param>
/// <param name="fields">In order.</param>
internal sealed class GoStruct(string type, params GoField[] fields)
{
    public string Type => type;

    public IReadOnlyList<GoField> Fields => fields;

    /// <summary>Instead of an object of its fields, in JSON.</summary>
    public object? Json { get; init; }

    public bool TryGet(string name, out object? value)
    {
        var field = Array.Find(fields, one => one.Name == name);
        value = field?.Value;
        return field is not null;
    }
}

/// <param name="Name">In templates.</param>
/// <param name="Member">In JSON; null: it is not there.</param>
/// <param name="Value">Null is Go's nil.</param>
/// <param name="OmitEmpty">Not in JSON where it is empty.</param>
internal sealed record GoField(string Name, string? Member, object? Value, bool OmitEmpty = false);
