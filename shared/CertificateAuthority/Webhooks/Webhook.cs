using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;

namespace IoTPlatform.CertificateAuthority.Webhooks;

internal enum WebhookKind
{
    /// <summary>Its answer is <c>.Webhooks.NAME</c> of the template.</summary>
    Enriching,

    /// <summary>Sees the certificate that is about to be signed.</summary>
    Authorizing,
}

/// <summary>A service that is asked before a certificate is signed (step-ca's <c>options.webhooks</c>).</summary>
internal sealed class Webhook
{
    public const int Most = 8;

    private const int LongestName = 64;
    private const int ShortestSecret = 16;
    private const string SshOnly = "SSH";

    private int _asked;

    private Webhook(string id, string name, Uri address, WebhookKind kind, byte[] secret) => (Id, Name, Address, Kind, Secret) = (id, name, address, kind, secret);

    /// <summary>By which the service finds the secret.</summary>
    public string Id { get; }

    public string Name { get; }

    public Uri Address { get; }

    public WebhookKind Kind { get; }

    /// <summary>Key of the signature on what is sent.</summary>
    public byte[] Secret { get; }

    public AuthenticationHeaderValue? Authorization { get; private init; }

    /// <summary>This host shows its own certificate to the service.</summary>
    public bool PresentsCertificate { get; private init; }

    /// <summary>False: it is being asked that often already. Otherwise <see cref="Leave"/> has to follow.</summary>
    public bool TryEnter(int most)
    {
        if (Interlocked.Increment(ref _asked) <= most)
        {
            return true;
        }

        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _asked);

    /// <summary>Those for X.509. Throws 422 for what is not understood.</summary>
    /// <param name="webhooks"><c>options.webhooks</c>.</param>
    public static IReadOnlyList<Webhook> Of(JsonElement webhooks)
    {
        if (webhooks.ValueKind != JsonValueKind.Array || webhooks.GetArrayLength() > Most)
        {
            throw ProvisionerDefinition.Refused($"its webhooks are no list of at most {Most}.");
        }

        var read = webhooks.EnumerateArray().Select(Read).ToList();
        if (read.DistinctBy(webhook => webhook.Webhook.Name).Count() < read.Count || read.DistinctBy(webhook => webhook.Webhook.Id).Count() < read.Count)
        {
            throw ProvisionerDefinition.Refused("two of its webhooks have the same name or id.");
        }

        return [.. read.Where(webhook => webhook.IsForX509).Select(webhook => webhook.Webhook)];
    }

    private static (Webhook Webhook, bool IsForX509) Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw ProvisionerDefinition.Refused("a webhook is no JSON object.");
        }

        var members = json.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null).ToDictionary(member => member.Name, member => member.Value, StringComparer.Ordinal);
        var (id, name, kind) = (Text("id"), Text("name"), Text("kind").ToUpperInvariant());
        Require(id.Length is > 0 and <= LongestName && id.All(char.IsAscii) && !id.Any(char.IsControl), "a webhook has no id");
        Require(name.Length is > 0 and <= LongestName && !name.Any(char.IsControl), "a webhook has no name");
        Require(kind is "ENRICHING" or "AUTHORIZING", $"the webhook {name} is of the kind {kind}; ENRICHING and AUTHORIZING are served");
        var url = Text("url");
        Require(!url.Contains("{{", StringComparison.Ordinal), $"the address of the webhook {name} is a template, which is not served");
        Require(
            Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps && address.UserInfo.Length == 0 && address.Fragment.Length == 0,
            $"the address of the webhook {name} is no https address without a user");
        var webhook = new Webhook(id, name, address!, kind == "ENRICHING" ? WebhookKind.Enriching : WebhookKind.Authorizing, SecretOf(name, Text("secret")))
        {
            Authorization = AuthorizationOf(name, Text("bearerToken"), members.Remove("basicAuth", out var basic) ? basic : null),
            PresentsCertificate = !(members.Remove("disableTLSClientAuth", out var disabled) && ProvisionerDefinition.FlagOf(disabled, "disableTLSClientAuth")),
        };
        var certificates = Text("certType").ToUpperInvariant();
        Require(certificates is "" or "ALL" or "X509" or SshOnly, $"the webhook {name} is for certificates of the type {certificates}");
        Require(members.Count == 0, $"{members.Keys.FirstOrDefault()} of the webhook {name} is not supported");
        return (webhook, certificates != SshOnly);

        string Text(string member) => !members.Remove(member, out var value) ? ""
            : value.ValueKind == JsonValueKind.String ? value.GetString()! : throw ProvisionerDefinition.Refused($"{member} of a webhook is no text.");
    }

    private static byte[] SecretOf(string name, string text)
    {
        try
        {
            return Convert.FromBase64String(text) is { Length: >= ShortestSecret } secret ? secret
                : throw ProvisionerDefinition.Refused($"the webhook {name} has no secret of at least {ShortestSecret} bytes, by which the service knows who asks.");
        }
        catch (FormatException e)
        {
            throw ProvisionerDefinition.Refused($"the secret of the webhook {name} is no base64.", e);
        }
    }

    private static AuthenticationHeaderValue? AuthorizationOf(string name, string bearer, JsonElement? basic)
    {
        Require(bearer.Length == 0 || basic is null, $"the webhook {name} has a bearer token and a password");
        Require(bearer.All(c => c is > ' ' and <= '~'), $"the bearer token of the webhook {name} has spaces or other characters that it can't have");
        if (basic is not { } password)
        {
            return bearer.Length == 0 ? null : new AuthenticationHeaderValue("Bearer", bearer);
        }

        Require(
            password.ValueKind == JsonValueKind.Object && password.EnumerateObject().All(member => member.Name is "username" or "password" && member.Value.ValueKind == JsonValueKind.String),
            $"basicAuth of the webhook {name} has more than username and password");
        var user = password.TryGetProperty("username", out var given) ? given.GetString()! : "";
        Require(!user.Contains(':', StringComparison.Ordinal), $"the user name of the webhook {name} has a colon");
        return new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{(password.TryGetProperty("password", out var secret) ? secret.GetString() : "")}")));
    }

    private static void Require(bool holds, string why)
    {
        if (!holds)
        {
            throw ProvisionerDefinition.Refused($"{why}.");
        }
    }
}
