using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>Who calls the administration API.</summary>
internal sealed record AdminCaller(Administrator Administrator)
{
    /// <summary>For the audit log.</summary>
    public string By => $"{Administrator.Provisioner}:{Administrator.Subject}";

    /// <summary>Throws 401 unless the administrator changes administrators.</summary>
    public void RequireSuper()
    {
        if (!Administrator.IsSuper)
        {
            throw AdminException.Unauthorized("must have super admin access to make this request");
        }
    }

    public ProvisionerChange Change(long? replaces = null) => new(By, replaces, MayTouchAdministrators: Administrator.IsSuper);
}

/// <summary>
/// step's administration token: a JWT for one address, signed with the key of the certificate in its header (RFC 7515 4.1.6). The certificate is one that this authority issued by a provisioner, on
/// record and not revoked, and a row says that one of its names is an administrator. The token works once.
/// </summary>
internal sealed class AdminTokens(Authority authority, AdministratorStore administrators)
{
    private const string ClientIssuer = "step-admin-client/1.0";
    private const int MaxTokenIdLength = 256;
    private const int MostCertificates = 8;
    private const string BearerPrefix = "Bearer ";

    /// <summary>step's own are for five minutes.</summary>
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromMinutes(10);

    /// <summary>Throws <see cref="AdminException"/> and <see cref="JoseException"/>.</summary>
    public async Task<AdminCaller> AuthorizeAsync(HttpContext context)
    {
        var sent = context.Request.Headers.Authorization.ToString();
        if (sent.Length == 0)
        {
            throw AdminException.Unauthorized("missing authorization header token");
        }

        var now = authority.Time.GetUtcNow();
        var jws = CompactJws.Parse(sent.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase) ? sent[BearerPrefix.Length..] : sent);
        if (jws.Header.X5c is not { Count: > 0 and <= MostCertificates } chain)
        {
            throw new JoseException(JoseError.UnknownKey, "The admin token has no certificate, or too many.");
        }

        using var certificate = Load(chain[0]);
        var known = await IdentifyAsync(certificate, context.RequestAborted);
        using (var key = VerificationKey.FromSubjectPublicKeyInfo(known.Leaf.Parsed.SubjectPublicKeyInfo.Span))
        {
            if (!jws.Verify(key, AlgorithmSet.Signatures))
            {
                throw new JoseException(JoseError.BadSignature, "The admin token was not signed with the certificate's key.");
            }
        }

        var used = Check(JwtClaims.Parse(jws.Payload), context.Request.Path, known, now);
        var names = NamesOf(known.Leaf.Parsed.Names);
        var administrator = await administrators.FindAsync(known.Record.Provisioner, known.Record.Id, names, context.RequestAborted)
            ?? throw AdminException.Unauthorized($"unable to load admin with subject(s) [{string.Join(' ', names)}] and provisioner '{known.Record.Provisioner}'");
        return await authority.Store.SpendAsync(used, context.RequestAborted) ? new AdminCaller(administrator) : throw AdminException.BadToken("The admin token has been used.");
    }

    /// <summary>A leaf that a token or an ACME order bought: devices, bridges and services have other profiles.</summary>
    private async Task<KnownCertificate> IdentifyAsync(X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        try
        {
            var known = await authority.IdentifyAsync(certificate, cancellationToken);
            return known.Record.Profile != Profiles.Leaf.Name ? throw AdminException.BadToken($"The certificate is of the profile {known.Record.Profile}.")
                // Whoever had that authority's key wrote names and provisioner as they liked.
                : known.Record.IsImported ? throw AdminException.BadToken("The certificate was imported, or renews one that was.")
                : known.Leaf.Parsed.KeyUsages is { } usages && usages.HasFlag(X509KeyUsageFlags.DigitalSignature) ? known
                : throw AdminException.BadToken("The certificate is not for signatures.");
        }
        catch (ProblemException e) when (e.Status == 401)
        {
            throw AdminException.BadToken(e.Message, e);
        }
    }

    private UsedToken Check(JwtClaims claims, PathString path, KnownCertificate known, DateTimeOffset now)
    {
        var audience = new TokenAudience(authority.Options, path.Value!.TrimStart('/'));
        var policy = new JwtPolicy
        {
            // Earlier clients named the provisioner.
            Issuer = claims.Issuer == known.Record.Provisioner ? known.Record.Provisioner : ClientIssuer,
            AudienceMatches = text => Uri.UnescapeDataString(text) is var address && audience.Matches(address) && address.EndsWith(path.Value!, StringComparison.Ordinal),
            MaxLifetime = MaxLifetime,
            RequiredClaims = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"],
        };
        policy.Check(claims, now);
        if (claims.Subject is not { Length: > 0 } || claims.JwtId is not { Length: > 0 and <= MaxTokenIdLength } id)
        {
            throw new JoseException(JoseError.Malformed, "The admin token has no subject, or its jti is bad.");
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"admin\0{Convert.ToHexString(known.Leaf.Serial)}\0{id}"));
        return new UsedToken(hash, claims.Expires!.Value.ToUniversalTime() + policy.ClockSkew);
    }

    private static IReadOnlyList<string> NamesOf(SubjectNames names) =>
        [.. new[] { names.CommonName }.OfType<string>().Concat(names.Dns).Concat(names.Emails).Distinct(StringComparer.Ordinal)];

    private static X509Certificate2 Load(byte[] der)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(der);
        }
        catch (CryptographicException e)
        {
            throw new JoseException(JoseError.Malformed, "The certificate in the admin token can't be read.", e);
        }
    }
}
