using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Tells a client that its certificate is revoked, and not merely that it needs one: a device or a tenant has to know that
/// waiting and trying again will not help. TLS has proved that the caller holds the certificate's key.
/// </summary>
internal sealed class RevokedCertificateAnswer(Authority authority) : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler otherwise = new();

    public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Challenged && policy.AuthenticationSchemes.Contains(ClientCertificateDefaults.Scheme) && await IsRevokedAsync(context).ConfigureAwait(false))
        {
            throw new ProblemException(401, "certificate_revoked", "The client certificate is revoked.");
        }

        await otherwise.HandleAsync(next, context, policy, authorizeResult).ConfigureAwait(false);
    }

    private async Task<bool> IsRevokedAsync(HttpContext context)
    {
        if (ClientCertificates.Of(context) is not { } certificate)
        {
            return false;
        }

        return certificate.SerialNumberBytes.Length <= SerialNumber.MaxBytes
            && await authority.FindAsync(certificate.SerialNumberBytes.ToArray(), context.RequestAborted).ConfigureAwait(false) is { IsRevoked: true } record
            && record.Der.AsSpan().SequenceEqual(certificate.RawDataMemory.Span);
    }
}
