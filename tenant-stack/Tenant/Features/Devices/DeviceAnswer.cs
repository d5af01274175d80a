using System.Net;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Features.WireGuard;

namespace IoTPlatform.Tenant.Features.Devices;

/// <summary>The answer to enrol and to renew.</summary>
internal sealed class DeviceAnswer(WireGuardClient wireGuard)
{
    /// <summary>After two thirds of the lifetime.</summary>
    public static DateTimeOffset RenewAfter(IssuedCertificate certificate) =>
        certificate.NotBefore + (certificate.NotAfter - certificate.NotBefore) * 2 / 3;

    public EnrollResponse Create(string deviceId, IssuedCertificate certificate, IPAddress? address) => new()
    {
        DeviceId = deviceId,
        Certificate = certificate.Pem,
        CaChain = certificate.ChainPem,
        NotAfter = certificate.NotAfter,
        RenewAfter = RenewAfter(certificate),
        Wireguard = address is null ? null : wireGuard.Describe(address),
    };
}
