using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Templates;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>By whose word persons and clients of a Wire messenger are known (step-ca's <c>options.wire</c>).</summary>
/// <param name="Oidc">The persons' identity provider.</param>
/// <param name="Dpop">The Wire server, for their clients.</param>
internal sealed record WireOptions(WireOidc Oidc, WireDpop Dpop)
{
    /// <summary>Throws 422 for options that are not understood.</summary>
    /// <param name="wire"><c>options.wire</c>.</param>
    /// <param name="time">Of tokens and keys.</param>
    public static WireOptions Of(JsonElement wire, TimeProvider time)
    {
        var members = new WireMembers(wire, "options.wire", "oidc", "dpop");
        return new WireOptions(WireOidc.Of(members.Required("oidc"), time), WireDpop.Of(members.Required("dpop"), time));
    }
}

/// <summary>The Wire server, which says of a client whose it is.</summary>
internal sealed class WireDpop : IDisposable
{
    private const string PublicKeyLabel = "PUBLIC KEY";

    private readonly TemplateProgram _target;
    private readonly TimeProvider _time;

    private WireDpop(JsonWebKey key, TemplateProgram target, TimeProvider time) =>
        (Key, KeyId, _target, _time) = (VerificationKey.From(key), key.Thumbprint(), target, time);

    /// <summary>By which it signs.</summary>
    public VerificationKey Key { get; }

    /// <summary>Thumbprint (RFC 7638) of <see cref="Key"/>.</summary>
    public string KeyId { get; }

    /// <summary>Throws 422.</summary>
    public static WireDpop Of(JsonElement json, TimeProvider time)
    {
        var members = new WireMembers(json, "options.wire.dpop", "key", "target");
        var dpop = new WireDpop(KeyOf(members.RequiredText("key")), members.Template("target", members.RequiredText("target")), time);
        try
        {
            _ = dpop.TargetFor("0");
            return dpop;
        }
        catch (Exception e) when (e is TemplateException or UriFormatException)
        {
            dpop.Dispose();
            throw ProvisionerDefinition.Refused($"the target of its options.wire.dpop is no address: {e.Message}", e);
        }
    }

    /// <summary>Where a client gets its access token, and who signs it.</summary>
    public string TargetFor(string deviceId)
    {
        var target = _target.Render(new Dictionary<string, object?>(StringComparer.Ordinal) { ["DeviceID"] = deviceId }, _time);
        return Uri.TryCreate(target, UriKind.Absolute, out _) ? target : throw new UriFormatException("it is no absolute address");
    }

    public void Dispose() => Key.Dispose();

    /// <summary>PEM in base64, as step-ca writes it.</summary>
    private static JsonWebKey KeyOf(string text)
    {
        try
        {
            var pem = Encoding.ASCII.GetString(Convert.FromBase64String(text));
            var fields = PemEncoding.Find(pem);
            return pem[fields.Label] == PublicKeyLabel
                ? JsonWebKey.FromSubjectPublicKeyInfo(Convert.FromBase64String(pem[fields.Base64Data]))
                : throw ProvisionerDefinition.Refused("the key of its options.wire.dpop is no public key in PEM.");
        }
        catch (Exception e) when (e is FormatException or ArgumentException or JoseException)
        {
            throw ProvisionerDefinition.Refused("the key of its options.wire.dpop is no public key in PEM, in base64.", e);
        }
    }
}

/// <summary>Members of one of the objects within the options: known ones alone, in step-ca's writing.</summary>
internal sealed class WireMembers
{
    private readonly JsonElement _json;
    private readonly string _of;

    /// <summary>Throws 422 for one that is not known.</summary>
    public WireMembers(JsonElement json, string of, params ReadOnlySpan<string> known)
    {
        (_json, _of) = (json, of);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw ProvisionerDefinition.Refused($"its {of} is no JSON object.");
        }

        foreach (var member in json.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                throw ProvisionerDefinition.Refused($"{member.Name} of its {of} is not supported.");
            }
        }
    }

    public JsonElement? this[string member] => _json.TryGetProperty(member, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public JsonElement Required(string member) => this[member] ?? throw ProvisionerDefinition.Refused($"its {_of} has no {member}.");

    public string? Text(string member) => this[member] switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString() is { Length: > 0 } given ? given : null,
        _ => throw ProvisionerDefinition.Refused($"{member} of its {_of} is no text."),
    };

    public string RequiredText(string member) => Text(member) ?? throw ProvisionerDefinition.Refused($"its {_of} has no {member}.");

    /// <summary>An address of https, or on this machine. Null: it is not given.</summary>
    public Uri? Address(string member) => Text(member) is not { } text ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var address) && OidcProvisioner.IsProtected(address) ? address
        : throw ProvisionerDefinition.Refused($"{member} of its {_of} is no https address.");

    /// <summary>Null: it is not given.</summary>
    public AlgorithmSet? Algorithms(string member)
    {
        if (ProvisionerDefinition.TextsOf(this[member], member) is not { Count: > 0 } names)
        {
            return null;
        }

        try
        {
            return AlgorithmSet.Of([.. names]);
        }
        catch (ArgumentException e)
        {
            throw ProvisionerDefinition.Refused($"{member} of its {_of} has what is no public-key signature algorithm.", e);
        }
    }

    public TemplateProgram Template(string member, string text)
    {
        try
        {
            return TemplateProgram.Read(member, text);
        }
        catch (TemplateException e)
        {
            throw ProvisionerDefinition.Refused($"{member} of its {_of} can't be read: {e.Message}.", e);
        }
    }
}
