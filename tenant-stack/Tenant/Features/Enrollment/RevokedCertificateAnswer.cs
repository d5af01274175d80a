using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>
/// Tells a client that its certificate is revoked, and not merely that it needs one: a device has to know that waiting and
/// trying again will not help. TLS has proved that the caller holds the certificate's key.
/// </summary>
internal sealed class RevokedCertificateAnswer(Authority authority) : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler otherwise = new();

    public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Challenged && policy.AuthenticationSchemes.Contains(ClientCertificateDefaults.Scheme) && await IsRevokedAsync(context))
            throw new ProblemException(401, "certificate_revoked", "The client certificate is revoked.");
        await otherwise.HandleAsync(next, context, policy, authorizeResult);
    }

    private async Task<bool> IsRevokedAsync(HttpContext context)
    {
        if (context.Connection.ClientCertificate is not { } certificate)
            return false;
        return certificate.SerialNumberBytes.Length <= Pki.SerialNumber.MaxBytes
            && await authority.FindAsync(certificate.SerialNumberBytes.ToArray(), context.RequestAborted) is { IsRevoked: true } record
            && record.Der.AsSpan().SequenceEqual(certificate.RawDataMemory.Span);
    }
}
