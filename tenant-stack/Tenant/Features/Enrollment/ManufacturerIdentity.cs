using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Pki;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>
/// What makes a manufacturer certificate that of one physical device. A common name does not: whole product lines share one. The serialNumber
/// attribute is unique under its issuer (IEEE 802.1AR 8.6), a key by nature.
/// </summary>
/// <param name="SerialSha256">Of trust anchor, issuer and serialNumber attribute; null unless there is exactly one.</param>
internal sealed record ManufacturerIdentity(byte[]? SerialSha256, byte[] KeySha256)
{
    public static ManufacturerIdentity Of(ForeignCertificate certificate, ForeignCertificate root) => new(
        certificate.SerialNumbers is [var serial] ? Hash(root.KeySha256, certificate.Issuer, serial) : null,
        certificate.KeySha256);

    // Two hashes of fixed length in front: no issuer can spell another's name and number.
    private static byte[] Hash(byte[] rootKey, byte[] issuer, string serial) =>
        SHA256.HashData([.. rootKey, .. SHA256.HashData(issuer), .. Encoding.UTF8.GetBytes(serial)]);
}
