using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>The extensions that depend on the profile alone, encoded once: key usage, extended key usage, basic constraints.</summary>
internal sealed class ProfileExtensions(CertificateProfile profile)
{
    private readonly byte[][] _plain = Encode(profile, KeyKind.P256);
    private readonly byte[][] _rsa = Encode(profile, KeyKind.Rsa2048OrMore);

    public byte[][] For(KeyKind key) => key == KeyKind.Rsa2048OrMore ? _rsa : _plain;

    private static byte[][] Encode(CertificateProfile profile, KeyKind key)
    {
        var extensions = new List<byte[]>();
        if (profile.KeyUsagesFor(key) is not X509KeyUsageFlags.None and var usages)
        {
            extensions.Add(One(writer => ExtensionWriter.KeyUsage(writer, usages)));
        }

        if (!profile.ExtendedKeyUsages.IsEmpty)
        {
            extensions.Add(One(writer => ExtensionWriter.ExtendedKeyUsage(writer, profile.ExtendedKeyUsages)));
        }

        if (profile.IsOcspResponder)
        {
            extensions.Add(One(ExtensionWriter.OcspNoCheck));
        }

        if (profile.IsCa)
        {
            extensions.Add(One(writer => ExtensionWriter.BasicConstraints(writer, profile.PathLength)));
        }

        return [.. extensions];
    }

    private static byte[] One(Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        write(writer);
        return writer.Encode();
    }
}

/// <summary>step-ca's provisioner extension: SEQUENCE { INTEGER type, OCTET STRING name, OCTET STRING key id }.</summary>
public sealed record StepProvisionerExtension(int Type, string Name, string KeyId)
{
    /// <summary>The type number of a JWK provisioner.</summary>
    public const int Jwk = 1;
}
