using System.Security.Claims;
using System.Text.Encodings.Web;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// mTLS login: a leaf issued directly by this authority, in date, for client authentication, on record and not revoked. The signature
/// is verified once per connection; the record is asked for on every request, so a revocation counts at once.
/// </summary>
internal sealed class ClientCertificateHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, Authority authority)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (ClientCertificates.Of(Context) is not { } certificate)
        {
            return AuthenticateResult.NoResult();
        }

        try
        {
            var known = Context.GetEndpoint()?.Metadata.GetMetadata<RenewalGrace>() is { } grace
                ? await authority.IdentifyForRenewalAsync(certificate, grace.Duration, Context.RequestAborted)
                : await authority.IdentifyAsync(certificate, Context.RequestAborted);
            Context.Features.Set(known);
            return AuthenticateResult.Success(new AuthenticationTicket(Principal(known.Leaf, known.Record), Scheme.Name));
        }
        catch (ProblemException e) when (e.Status == StatusCodes.Status401Unauthorized)
        {
            return AuthenticateResult.Fail(e);
        }
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        throw new ProblemException(401, "client_certificate_required", "A valid client certificate of this authority is required.");

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        throw new ProblemException(403, "client_certificate_not_allowed", "This client certificate is not for this endpoint.");

    private ClaimsPrincipal Principal(LeafIdentity leaf, CertificateRecord record)
    {
        var identity = new ClaimsIdentity(Scheme.Name, ClientCertificateDefaults.CommonNameClaim, ClaimTypes.Role);
        identity.AddClaim(new Claim(ClientCertificateDefaults.SerialClaim, record.Serial));
        identity.AddClaim(new Claim(ClientCertificateDefaults.ProfileClaim, record.Profile));
        identity.AddClaim(new Claim(ClientCertificateDefaults.CommonNameClaim, leaf.Parsed.Names.CommonName ?? ""));
        foreach (var uri in leaf.Parsed.Names.Uris)
        {
            if (SpiffeId.TryParse(uri, out _, out _))
            {
                identity.AddClaim(new Claim(ClientCertificateDefaults.SpiffeIdClaim, uri));
            }
        }

        if (record.Tenant is { } tenant)
        {
            identity.AddClaim(new Claim(ClientCertificateDefaults.TenantClaim, tenant));
        }

        if (record.Lineage is { } lineage)
        {
            identity.AddClaim(new Claim(ClientCertificateDefaults.LineageClaim, lineage));
        }

        return new ClaimsPrincipal(identity);
    }
}

/// <summary>Metadata of the one endpoint that renews: how long after its end a certificate may still be renewed there.</summary>
public sealed record RenewalGrace(TimeSpan Duration);

/// <summary>
/// Answers that the client's certificate is revoked or on hold, not merely that one is required: a device or a tenant has to know that
/// a retry will not help. TLS has proved that the caller holds the certificate's key.
/// </summary>
internal sealed class RevokedCertificateAnswer(Authority authority) : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler _otherwise = new();

    public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Challenged && policy.AuthenticationSchemes.Contains(ClientCertificateDefaults.Scheme) && await RevokedAsync(context) is { } revoked)
        {
            throw revoked.IsOnHold ? KnownCertificate.OnHold() : new ProblemException(401, "certificate_revoked", "The client certificate is revoked.");
        }

        await _otherwise.HandleAsync(next, context, policy, authorizeResult);
    }

    private async Task<CertificateRecord?> RevokedAsync(HttpContext context) =>
        ClientCertificates.Of(context) is { SerialNumberBytes.Length: <= SerialNumber.MaxBytes } certificate
            && await authority.FindAsync(certificate.SerialNumberBytes.ToArray(), context.RequestAborted) is { IsRevoked: true } record
            && record.Der.AsSpan().SequenceEqual(certificate.RawDataMemory.Span)
            ? record
            : null;
}
