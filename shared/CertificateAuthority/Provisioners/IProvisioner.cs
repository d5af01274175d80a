using System.Text.Json;
using IoTPlatform.Jose;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>A way to authorize certificates. It maps a credential to constraints and never signs; no endpoint knows the list of provisioners.</summary>
internal interface IProvisioner
{
    /// <summary>Unique among all.</summary>
    string Name { get; }

    /// <summary>As step-ca names it, for example <c>JWK</c>.</summary>
    string Type { get; }

    /// <summary>What it grants in its own way; renewals are bounded by it, too.</summary>
    ProvisionerClaims Claims { get; }

    /// <summary>The names it may certify; null: every one.</summary>
    NamePolicy? Policy { get; }

    /// <summary>What its certificates contain.</summary>
    ProvisionerOptions Options => ProvisionerOptions.None;

    /// <summary>Writes what GET provisioners says of it beside type and name.</summary>
    void Describe(Utf8JsonWriter json);
}

/// <summary>A provisioner whose credential is a signed one-time token, whatever vouches for the signature: a key, a certificate, an identity provider.</summary>
internal interface ITokenProvisioner : IProvisioner
{
    /// <summary>Whether the token is this provisioner's to judge. Nothing of it has been verified.</summary>
    bool Recognizes(OneTimeToken token);

    /// <summary>Throws <see cref="JoseException"/> unless the token is genuine, for signing, now. That it is used once is the ledger's to see to.</summary>
    ValueTask<SignGrant> AuthorizeSignAsync(OneTimeToken token, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>As <see cref="AuthorizeSignAsync"/>, for revoking. A provisioner whose tokens revoke nothing leaves it out.</summary>
    ValueTask<RevokeGrant> AuthorizeRevokeAsync(OneTimeToken token, DateTimeOffset now, CancellationToken cancellationToken) =>
        throw new JoseException(JoseError.UnknownKey, $"Tokens of the provisioner {Name} revoke nothing.");
}

/// <summary>A provisioner whose private key is handed out, encrypted, to those who know its password.</summary>
internal interface IKeyEscrow
{
    string KeyId { get; }

    /// <summary>Compact JWE of the private JWK; null: it is not handed out.</summary>
    string? EncryptedKey { get; }
}

/// <summary>A token of which nothing has been verified.</summary>
internal sealed record OneTimeToken(ParsedJws Jws, JwtClaims Claims)
{
    /// <summary>Throws <see cref="JoseException"/>.</summary>
    public static OneTimeToken Parse(string compact) => Of(CompactJws.Parse(compact, allowMac: true));

    private static OneTimeToken Of(ParsedJws jws) => new(jws, JwtClaims.Parse(jws.Payload));
}

/// <summary>What a genuine credential buys.</summary>
internal sealed record SignGrant
{
    /// <summary>Who asked, for the record and the audit log.</summary>
    public required string Subject { get; init; }

    /// <summary>Of the credential, by which an inventory has it; the subject unless given.</summary>
    public IReadOnlyList<string> CredentialNames { get => field ?? [Subject]; init; }

    /// <summary>Whose certificates of an hour are counted together; the subject unless given. Where that is the holder's choice, what it can't choose.</summary>
    public string BudgetKey { get => field ?? Subject; init; }

    public required INameRule Names { get; init; }

    /// <summary>With the default and the longest lifetime.</summary>
    public required CertificateProfile Profile { get; init; }

    public required TimeSpan MinLifetime { get; init; }

    /// <summary>When the credential itself ends; null: it says nothing about that.</summary>
    public DateTimeOffset? CredentialEnds { get; init; }

    /// <summary>DER of the certificate that is the credential, and of its issuers; empty: it is none.</summary>
    public IReadOnlyList<byte[]> Credential { get; init; } = [];

    /// <summary>What the credential says beside its names, for templates; null: nothing.</summary>
    public VouchedContents? Vouched { get; init; }

    /// <summary>What else the request must be.</summary>
    public IReadOnlyList<IRequestRule> Rules { get; init; } = [];

    /// <summary>Put into the certificate.</summary>
    public StepProvisionerExtension? Extension { get; init; }

    /// <summary>Spent in the same commit as the certificate. Null only if the credential is no token, or <see cref="IsReusable"/>.</summary>
    public UsedToken? Token { get; init; }

    /// <summary>Whether the credential buys again, as long as it is good: it is none that was made for one certificate.</summary>
    public bool IsReusable { get; init; }
}

/// <summary>What a credential vouches for beside names.</summary>
/// <param name="Organization">Of the subject.</param>
/// <param name="Claims">By the names that templates have for them, such as <c>Oidc</c>.</param>
/// <param name="Template">Where the provisioner has none.</param>
internal sealed record VouchedContents(string Organization, IReadOnlyDictionary<string, JsonElement> Claims, Templates.LeafTemplate Template);

/// <summary>The names to certify for a request.</summary>
internal interface INameRule
{
    /// <summary>Throws <c>ProblemException</c> 403 for a request that names what it may not.</summary>
    SubjectNames Certify(CertificateSigningRequest request);
}

/// <summary>A condition on requests that is not about names or lifetimes.</summary>
internal interface IRequestRule
{
    /// <summary>Throws <c>ProblemException</c> 403 unless the request fulfils it.</summary>
    void Check(CertificateSigningRequest request);
}

/// <summary>What a genuine credential revokes.</summary>
/// <param name="Subject">The serial number.</param>
/// <param name="Token">Spent in the same commit.</param>
internal sealed record RevokeGrant(string Subject, UsedToken Token);
