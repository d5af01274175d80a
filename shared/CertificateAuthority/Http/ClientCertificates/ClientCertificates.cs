using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace IoTPlatform.CertificateAuthority;

/// <summary>The certificate of the TLS handshake: always the same object on one connection, so what is known about it stays known.</summary>
internal static class ClientCertificates
{
    public static X509Certificate2? Of(HttpContext context) => context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;

    public static X509Certificate2 Required(HttpContext context) => Of(context) ?? throw StepCaException.BadRequest("missing client certificate");
}
