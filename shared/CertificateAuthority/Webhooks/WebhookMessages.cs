using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Templates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Webhooks;

/// <summary>What webhooks are told, and how they answer, in step-ca's form. Tokens are told to nobody: who sees one could use it first.</summary>
internal static class WebhookMessages
{
    private const int MaxDepth = 16;

    /// <summary>To an enriching one: the request.</summary>
    public static string OfRequest(string provisioner, SignGrant grant, CertificateSigningRequest request, DateTimeOffset now) => Body(
        provisioner, grant, now,
        new GoField("X509CertificateRequest", "x509CertificateRequest", With(
            RequestData.Of(request),
            new("PublicKey", "publicKey", Convert.ToBase64String(request.SubjectPublicKeyInfo.Span)),
            new("PublicKeyAlgorithm", "publicKeyAlgorithm", RequestData.AlgorithmOf(request.Key)),
            new("Raw", "raw", Convert.ToBase64String(request.Der.Span)))));

    /// <summary>To an authorizing one: the certificate that is about to be signed.</summary>
    public static string OfCertificate(string provisioner, SignGrant grant, CertificateSigningRequest request, GrantedLeaf leaf, LeafValidity validity, DateTimeOffset now)
    {
        var notBefore = validity.NotBefore ?? Seconds.Floor(now) - CertificateProfile.Backdate;
        return Body(
            provisioner, grant, now,
            new GoField("X509Certificate", "x509Certificate", With(
                LeafData.Of(leaf, request.Key),
                new("PublicKey", "publicKey", Convert.ToBase64String(request.SubjectPublicKeyInfo.Span)),
                new("PublicKeyAlgorithm", "publicKeyAlgorithm", RequestData.AlgorithmOf(request.Key)),
                new("NotBefore", "notBefore", notBefore),
                new("NotAfter", "notAfter", validity.NotAfter ?? Seconds.Floor(now) + leaf.Profile.DefaultLifetime),
                new("Raw", "raw", Value: null))));
    }

    /// <summary>Throws <see cref="JsonException"/> for what is no answer.</summary>
    public static WebhookAnswer Parse(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("The answer is no object.");
        }

        var isAllowed = root.TryGetProperty("allow", out var allow) && allow.ValueKind == JsonValueKind.True;
        var why = root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String
            ? message.GetString() : null;
        return new WebhookAnswer(isAllowed, why, root.TryGetProperty("data", out var data) ? data.Clone() : null);
    }

    private static string Body(string provisioner, SignGrant grant, DateTimeOffset now, GoField subject)
    {
        var fields = new List<GoField> { new("Timestamp", "timestamp", now), new("ProvisionerName", "provisionerName", provisioner), subject };
        if (grant.Credential is [var credential, ..])
        {
            var known = CredentialData.Of(credential);
            known.TryGet("NotBefore", out var from);
            known.TryGet("NotAfter", out var to);
            known.TryGet("Subject", out var name);
            ((GoStruct)name!).TryGet("CommonName", out var commonName);
            fields.Add(new("X5CCertificate", "x5cCertificate", new GoStruct(
                "*webhook.X5CCertificate",
                new("Raw", "raw", Convert.ToBase64String(credential)),
                new("NotBefore", "notBefore", from),
                new("NotAfter", "notAfter", to))));
            fields.Add(new("AuthorizationPrincipal", "authorizationPrincipal", commonName, OmitEmpty: true));
        }

        return GoJson.Write(new GoStruct("*webhook.RequestBody", [.. fields]), new TemplateBudget());
    }

    private static GoStruct With(GoStruct one, params GoField[] more) => new(one.Type, [.. one.Fields.Where(field => field.Member is not null), .. more]);
}

/// <param name="IsAllowed">Nothing but true is.</param>
/// <param name="Why">Not, in the service's words.</param>
/// <param name="Data">For the template.</param>
internal sealed record WebhookAnswer(bool IsAllowed, string? Why, JsonElement? Data);
