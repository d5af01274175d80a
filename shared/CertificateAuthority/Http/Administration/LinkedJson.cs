using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>
/// An object of a request to the administration API, in protobuf's JSON: members by their camelCase or snake_case names, enumerations by name or number, bytes as base64, and what is empty as if it
/// were not there. What is not known is refused, for it may restrict.
/// </summary>
internal sealed class LinkedJson
{
    private const int MaxDepth = 16;

    private readonly string _name;
    private readonly Dictionary<string, JsonElement> _members;

    private LinkedJson(JsonElement json, string name)
    {
        _name = name;
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw AdminException.BadRequest($"{name} is no JSON object");
        }

        _members = json.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null).ToDictionary(member => member.Name, member => member.Value, StringComparer.Ordinal);
    }

    public static LinkedJson Parse(ReadOnlySpan<byte> body, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(body.ToArray(), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MaxDepth });
            return new LinkedJson(document.RootElement.Clone(), name);
        }
        catch (JsonException e)
        {
            throw AdminException.BadRequest("error decoding json", e);
        }
    }

    /// <summary>After everything that is known was taken.</summary>
    public void RequireEmpty()
    {
        if (_members.Keys.FirstOrDefault() is { } unknown)
        {
            throw AdminException.BadRequest($"unknown field \"{unknown}\" of {_name}");
        }
    }

    public void Ignore(params ReadOnlySpan<string> members)
    {
        foreach (var member in members)
        {
            Take(member);
        }
    }

    public LinkedJson? Object(string member) => Take(member) is { } value ? new LinkedJson(value, member) : null;

    /// <summary>Null: there is none, or it is empty.</summary>
    public string? Text(string member) => Take(member) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString() is { Length: > 0 } some ? some : null,
        _ => throw AdminException.BadRequest($"{member} of {_name} is no text"),
    };

    public bool Flag(string member) => Take(member) switch
    {
        null or { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.True } => true,
        _ => throw AdminException.BadRequest($"{member} of {_name} is neither true nor false"),
    };

    public IReadOnlyList<LinkedJson> Objects(string member) => [.. List(member).Select(item => new LinkedJson(item, member))];

    public IReadOnlyList<string> Texts(string member) =>
        [.. List(member).Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw AdminException.BadRequest($"{member} of {_name} has what is no text"))];

    /// <summary>By name, or by number in the order of <paramref name="names"/>. Null: there is none, or it is the first, which says nothing.</summary>
    public string? OneOf(string member, IReadOnlyList<string> names) => Take(member) is { } value ? Named(member, value, names) is var name && name == names[0] ? null : name : null;

    public IReadOnlyList<string> SomeOf(string member, IReadOnlyList<string> names) => [.. List(member).Select(value => Named(member, value, names))];

    public byte[]? Bytes(string member) => Text(member) is { } text ? Decoded(member, text) : null;

    public IReadOnlyList<byte[]> BytesList(string member) => [.. Texts(member).Select(text => Decoded(member, text))];

    /// <summary>Null: there is no such member.</summary>
    public DateTimeOffset? Time(string member) => Text(member) is not { } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
        : throw AdminException.BadRequest($"{member} of {_name} is no time");

    private IReadOnlyList<JsonElement> List(string member) => Take(member) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray()],
        _ => throw AdminException.BadRequest($"{member} of {_name} is no list"),
    };

    private JsonElement? Take(string member) => _members.Remove(member, out var value) || _members.Remove(SnakeCase(member), out value) ? value : null;

    private string Named(string member, JsonElement value, IReadOnlyList<string> names) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 0 && number < names.Count ? names[number]
        : value.ValueKind == JsonValueKind.String && names.Contains(value.GetString()!, StringComparer.Ordinal) ? value.GetString()!
        : throw AdminException.BadRequest($"invalid value for {member} of {_name}");

    private byte[] Decoded(string member, string text)
    {
        try
        {
            return Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/').PadRight((text.Length + 3) / 4 * 4, '='));
        }
        catch (FormatException e)
        {
            throw AdminException.BadRequest($"{member} of {_name} is no base64", e);
        }
    }

    private static string SnakeCase(string member) => string.Concat(member.Select(c => char.IsAsciiLetterUpper(c) ? $"_{char.ToLowerInvariant(c)}" : c.ToString()));
}

/// <summary>Writes protobuf's JSON, which leaves out what is empty.</summary>
internal static class LinkedWriting
{
    public static JsonObject With(this JsonObject json, string member, JsonNode? value)
    {
        if (value is not null && value is not (JsonArray { Count: 0 } or JsonObject { Count: 0 })
            && !(value is JsonValue plain && (plain.GetValueKind() is JsonValueKind.False || (plain.GetValueKind() is JsonValueKind.String && plain.GetValue<string>().Length == 0))))
        {
            json[member] = value.Parent is null ? value : value.DeepClone();
        }

        return json;
    }

    public static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    /// <summary>RFC 3339 with as many digits as there are, three at a time.</summary>
    public static string Time(DateTimeOffset time)
    {
        var text = time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffff", CultureInfo.InvariantCulture);
        return (text.EndsWith(".000000", StringComparison.Ordinal) ? text[..^7] : text.EndsWith("000", StringComparison.Ordinal) ? text[..^3] : text) + "Z";
    }

    /// <summary>As lists have it, which are Go's own JSON of protobuf's structure.</summary>
    public static JsonObject TimeInList(DateTimeOffset time)
    {
        var (seconds, microseconds) = Math.DivRem((time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, 1_000_000);
        return new JsonObject { ["seconds"] = seconds }.With("nanos", microseconds == 0 ? null : microseconds * 1000);
    }
}
