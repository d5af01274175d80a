using System.Text.Json;
using System.Text.Json.Serialization;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>RFC 8555 7.1.1.</summary>
internal sealed record DirectoryAnswer(string NewNonce, string NewAccount, string NewOrder, string RevokeCert, string KeyChange, string RenewalInfo)
{
    public DirectoryMeta? Meta { get; init; }
}

/// <summary>RFC 8555 7.1.1, draft-ietf-acme-profiles 3. What does not hold is left out.</summary>
internal sealed record DirectoryMeta
{
    public string? TermsOfService { get; init; }

    public string? Website { get; init; }

    public IReadOnlyList<string>? CaaIdentities { get; init; }

    public bool? ExternalAccountRequired { get; init; }

    public IReadOnlyDictionary<string, string>? Profiles { get; init; }
}

/// <summary>RFC 8555 7.1.2.</summary>
internal sealed record AccountAnswer(string Status, IReadOnlyList<string> Contact, string Orders);

/// <summary>RFC 8555 7.1.3.</summary>
internal sealed record OrderAnswer(string Status, DateTimeOffset Expires, IReadOnlyList<AcmeIdentifier> Identifiers, IReadOnlyList<string> Authorizations, string Finalize)
{
    public DateTimeOffset? NotBefore { get; init; }

    public DateTimeOffset? NotAfter { get; init; }

    public AcmeProblem? Error { get; init; }

    public string? Certificate { get; init; }

    public string? Profile { get; init; }

    /// <summary>RFC 9773 5.</summary>
    public string? Replaces { get; init; }
}

/// <summary>RFC 9773 4.2.</summary>
internal sealed record RenewalInfoAnswer(RenewalWindow SuggestedWindow);

internal sealed record RenewalWindow(DateTimeOffset Start, DateTimeOffset End);

/// <summary>RFC 8555 7.1.2.1.</summary>
internal sealed record OrdersAnswer(IReadOnlyList<string> Orders);

/// <summary>RFC 8555 7.1.4.</summary>
internal sealed record AuthorizationAnswer(string Status, DateTimeOffset Expires, AcmeIdentifier Identifier, IReadOnlyList<ChallengeAnswer> Challenges)
{
    public bool? Wildcard { get; init; }
}

/// <summary>RFC 8555 7.1.5.</summary>
internal sealed record ChallengeAnswer(string Type, string Url, string Token, string Status)
{
    /// <summary>step-ca's: where a client gets its evidence.</summary>
    public string? Target { get; init; }

    public DateTimeOffset? Validated { get; init; }

    public AcmeProblem? Error { get; init; }
}

/// <summary>A request's body (RFC 7515 7.2.2). What else is in it is not protected, and refused.</summary>
internal sealed record FlattenedJws
{
    public string? Protected { get; init; }

    public string? Payload { get; init; }

    public string? Signature { get; init; }

    /// <summary>RFC 8555 6.2 has no unprotected header.</summary>
    public JsonElement? Header { get; init; }

    /// <summary>Nor more than one signature.</summary>
    public JsonElement? Signatures { get; init; }
}

/// <summary>RFC 8555 7.3.</summary>
internal sealed record NewAccount
{
    public IReadOnlyList<string>? Contact { get; init; }

    public bool OnlyReturnExisting { get; init; }

    public bool TermsOfServiceAgreed { get; init; }

    /// <summary>RFC 8555 7.3.4.</summary>
    public FlattenedJws? ExternalAccountBinding { get; init; }
}

/// <summary>RFC 8555 7.3.2, 7.3.6.</summary>
internal sealed record AccountUpdate
{
    public IReadOnlyList<string>? Contact { get; init; }

    public string? Status { get; init; }
}

/// <summary>RFC 8555 7.3.5.</summary>
internal sealed record KeyChange(string? Account, JsonElement? OldKey);

/// <summary>RFC 8555 7.4.</summary>
internal sealed record NewOrder
{
    public IReadOnlyList<RequestedIdentifier>? Identifiers { get; init; }

    public DateTimeOffset? NotBefore { get; init; }

    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>draft-ietf-acme-profiles 4.</summary>
    public string? Profile { get; init; }

    /// <summary>RFC 9773 5.</summary>
    public string? Replaces { get; init; }
}

internal sealed record RequestedIdentifier(string? Type, string? Value);

/// <summary>RFC 8555 7.5.2.</summary>
internal sealed record AuthorizationUpdate(string? Status);

/// <summary>draft-ietf-acme-device-attest 5.</summary>
/// <param name="AttObj">CBOR, base64url.</param>
internal sealed record ChallengeAttestation(string? AttObj);

/// <summary>step-ca's, of wire-oidc-01.</summary>
/// <param name="IdToken">Compact JWS.</param>
internal sealed record WireIdToken([property: JsonPropertyName("id_token")] string? IdToken);

/// <summary>step-ca's, of wire-dpop-01.</summary>
/// <param name="AccessToken">Compact JWS.</param>
internal sealed record WireAccessToken([property: JsonPropertyName("access_token")] string? AccessToken);

/// <param name="Csr">DER, base64url.</param>
internal sealed record FinalizeOrder(string? Csr);

/// <summary>RFC 8555 7.6.</summary>
/// <param name="Certificate">DER, base64url.</param>
internal sealed record RevokeCertificate(string? Certificate, int? Reason);
