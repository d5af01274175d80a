using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Names of the mTLS authentication scheme, its policies and its claims.</summary>
public static class ClientCertificateDefaults
{
    public const string Scheme = "ClientCertificate";

    /// <summary>Policy: any leaf this authority issued itself, in date and not revoked.</summary>
    public const string AnyPolicy = "ClientCertificate";

    /// <summary>Policy: a certificate of the MQTT bridge profile.</summary>
    public const string BridgePolicy = "ClientCertificate.Bridge";

    /// <summary>Policy: a certificate of the device profile.</summary>
    public const string DevicePolicy = "ClientCertificate.Device";

    /// <summary>Claim: serial number, decimal.</summary>
    public const string SerialClaim = "certificate:serial";

    /// <summary>Claim: CN.</summary>
    public const string CommonNameClaim = "certificate:cn";

    /// <summary>Claim: profile name, from the store.</summary>
    public const string ProfileClaim = "certificate:profile";

    /// <summary>Claim: the SPIFFE id, if the certificate has one.</summary>
    public const string SpiffeIdClaim = "certificate:spiffe";

    /// <summary>Claim: the tenant, from the store, if it has one.</summary>
    public const string TenantClaim = "certificate:tenant";

    /// <summary>Claim: the lineage, from the store, if it has one.</summary>
    public const string LineageClaim = "certificate:lineage";

    /// <summary>The RabbitMQ that has its certificate from this host: see <see cref="BrokerCertificate"/>.</summary>
    public const string BrokerPolicy = "ClientCertificate.Broker";
}

/// <summary>The certificate of the TLS handshake: always the same object on one connection, so what is known about it stays known.</summary>
public static class ClientCertificates
{
    /// <summary>That by which the caller is logged in under <see cref="ClientCertificateDefaults.Scheme"/>.</summary>
    public static KnownCertificate Known(HttpContext context) =>
        context.Features.Get<KnownCertificate>() ?? throw new InvalidOperationException("The endpoint has no policy that demands a client certificate.");

    internal static X509Certificate2? Of(HttpContext context) => context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;

    internal static X509Certificate2 Required(HttpContext context) => Of(context) ?? throw StepCaException.BadRequest("missing client certificate");
}
