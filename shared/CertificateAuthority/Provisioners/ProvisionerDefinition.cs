using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>A provisioner as step-ca's <c>ca.json</c> writes it, and as it is kept, shown and imported.</summary>
internal sealed class ProvisionerDefinition
{
    /// <summary>Of the whole document: room for the roots of an X5C provisioner.</summary>
    public const int MaxLength = 64 * 1024;

    public const string CantBeUsed = "The provisioner can't be used: ";

    private const int LongestName = 128;
    private const int MostTexts = 100;
    private const int MaxDepth = 12;

    private readonly JsonElement _json;

    private ProvisionerDefinition(JsonElement json)
    {
        _json = json;
        if (json.GetRawText().Length > MaxLength)
        {
            throw Refused($"it has more than {MaxLength} characters.");
        }

        Type = RequiredText("type");
        Name = RequiredText("name");
        if (Name.Length > LongestName || Name.Any(c => char.IsControl(c) || c is '/' or '\\') || Name.Trim() != Name)
        {
            throw Refused($"its name has more than {LongestName} characters, or control characters, slashes or outer spaces.");
        }
    }

    public string Name { get; }

    /// <summary>As step-ca names it, for example <c>JWK</c>; in whatever case.</summary>
    public string Type { get; }

    /// <summary>Throws 422 <c>invalid_provisioner</c> for what is no provisioner of any type.</summary>
    public static ProvisionerDefinition Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MaxDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object ? new ProvisionerDefinition(document.RootElement.Clone()) : throw Refused("it is no JSON object.");
        }
        catch (JsonException e)
        {
            throw Refused("it is no JSON, has a member twice, or nests too deeply.", e);
        }
    }

    public static ProvisionerDefinition Parse(string json) => Parse(Encoding.UTF8.GetBytes(json));

    public static ProblemException Refused(string why, Exception? inner = null) => new(422, "invalid_provisioner", CantBeUsed + why, inner: inner);

    public string ToJson() => _json.GetRawText();

    /// <summary>Writes every member but type and name, as GET provisioners has them beside those. Its options are for administrators alone.</summary>
    /// <param name="json">Within the provisioner's object.</param>
    /// <param name="except">A member that is written already.</param>
    public void WriteMembers(Utf8JsonWriter json, string? except = null)
    {
        foreach (var member in _json.EnumerateObject().Where(member => member.Name is not ("type" or "name" or "options") && member.Name != except))
        {
            member.WriteTo(json);
        }
    }

    /// <summary>A restriction that is not understood must not be left out in silence: throws unless every member is one of these, or one that all types have.</summary>
    public void RequireKnown(params ReadOnlySpan<string> members)
    {
        foreach (var member in _json.EnumerateObject())
        {
            switch (member.Name)
            {
                case "type" or "name" or "claims" or "policy":
                case "options" when IsWithoutOptions(member.Value):
                    break;
                default:
                    if (!members.Contains(member.Name))
                    {
                        throw Refused($"the member {member.Name} is not supported for type {Type}.");
                    }

                    break;
            }
        }
    }

    /// <summary>Names of the members that are not the same in both, for people.</summary>
    public string DifferencesFrom(string other)
    {
        var there = JsonElement.Parse(other).EnumerateObject().ToDictionary(member => member.Name, member => member.Value, StringComparer.Ordinal);
        var differing = _json.EnumerateObject().Where(member => !there.Remove(member.Name, out var value) || !JsonElement.DeepEquals(member.Value, value)).Select(member => member.Name).ToList();
        return differing.Count + there.Count == 0 ? "nothing" : string.Join(", ", [.. differing, .. there.Keys]);
    }

    /// <summary>Null: it has no such member.</summary>
    public JsonElement? this[string member] => _json.TryGetProperty(member, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string RequiredText(string member) => Text(member) is { Length: > 0 } text ? text : throw Refused($"it has no {member}.");

    public string? Text(string member) => this[member] switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        _ => throw Refused($"its {member} is no text."),
    };

    public IReadOnlyList<string> Texts(string member) => TextsOf(this[member], member);

    /// <summary>CA certificates, which step-ca writes as PEM in base64. Null: it has no such member.</summary>
    public IReadOnlyList<X509Certificate2>? Roots(string member) => Text(member) is { } text ? RootsOf(text, member) : null;

    internal static IReadOnlyList<X509Certificate2> RootsOf(string text, string member)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(text)));
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            throw Refused($"its {member} are no PEM certificates in base64.", e);
        }

        return roots.Count > 0 && roots.All(root => root.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority))
            ? [.. roots]
            : throw Refused($"its {member} are no CA certificates.");
    }

    internal static IReadOnlyList<string> TextsOf(JsonElement? value, string member) => value switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } array when array.GetArrayLength() <= MostTexts && array.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
            [.. array.EnumerateArray().Select(item => item.GetString()!)],
        _ => throw Refused($"its {member} is no array of at most {MostTexts} texts."),
    };

    internal static bool FlagOf(JsonElement? value, string member) => value switch
    {
        null => false,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Refused($"its {member} is neither true nor false."),
    };

    /// <summary>step writes empty ones.</summary>
    private static bool IsWithoutOptions(JsonElement options) =>
        options.ValueKind == JsonValueKind.Null || (options.ValueKind == JsonValueKind.Object && options.EnumerateObject().All(option => IsWithoutOptions(option.Value)));
}
