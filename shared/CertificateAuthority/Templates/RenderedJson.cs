using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text.Json;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>What a template rendered is no certificate, or none that is issued here.</summary>
internal sealed class RenderedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Reads members as encoding/json and step do: names in any case, null as absent, a text for a list of one. A member that comes twice is refused.</summary>
internal sealed class RenderedJson
{
    private readonly Dictionary<string, JsonElement> _members = new(StringComparer.OrdinalIgnoreCase);
    private readonly string _of;

    public RenderedJson(JsonElement json, string of)
    {
        _of = of;
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new RenderedException($"the {of} is no JSON object");
        }

        foreach (var member in json.EnumerateObject())
        {
            if (!_members.TryAdd(member.Name, member.Value))
            {
                throw new RenderedException($"the {of} has the member {member.Name} twice");
            }
        }
    }

    public bool TryGet(string name, [NotNullWhen(true)] out JsonElement? value)
    {
        value = _members.TryGetValue(name, out var found) && found.ValueKind is not JsonValueKind.Null ? found : null;
        return value is not null;
    }

    /// <summary>Empty: it is not there.</summary>
    public string Text(string name) => !TryGet(name, out var value) ? ""
        : value.Value.ValueKind == JsonValueKind.String ? value.Value.GetString()! : throw new RenderedException($"{name} of the {_of} is no text");

    public bool Flag(string name) => TryGet(name, out var value) && value.Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw new RenderedException($"{name} of the {_of} is neither true nor false"),
    };

    public IReadOnlyList<JsonElement> List(string name) => !TryGet(name, out var value) ? []
        : value.Value.ValueKind == JsonValueKind.Array ? [.. value.Value.EnumerateArray()] : throw new RenderedException($"{name} of the {_of} is no list");

    /// <summary>A text, or a list of texts.</summary>
    public IReadOnlyList<string> Texts(string name) => !TryGet(name, out var value) ? []
        : value.Value.ValueKind == JsonValueKind.String ? [value.Value.GetString()!]
        : [.. List(name).Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw new RenderedException($"{name} of the {_of} is no list of texts"))];

    public IReadOnlyList<IPAddress> Addresses(string name) =>
        [.. Texts(name).Select(text => IPAddress.TryParse(text, out var address) ? address : throw new RenderedException($"{name} of the {_of} has {text}, which is no IP address"))];

    /// <summary>What a certificate here can't have: throws where it is there and says something.</summary>
    public void Refuse(string name, string why)
    {
        if (TryGet(name, out var value) && value.Value is not ({ ValueKind: JsonValueKind.String } or { ValueKind: JsonValueKind.Array }) || (value is { } given && given.GetRawText() is not ("\"\"" or "[]" or "\"0001-01-01T00:00:00Z\"")))
        {
            throw new RenderedException($"{name}: {why}");
        }
    }
}
