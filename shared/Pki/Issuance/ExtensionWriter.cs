using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace IoTPlatform.Pki;

/// <summary>Writes one Extension each (RFC 5280 4.2), with the criticality the RFC asks for.</summary>
internal static class ExtensionWriter
{
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0);

    public static void KeyUsage(AsnWriter writer, X509KeyUsageFlags usages)
    {
        using var _ = Begin(writer, "2.5.29.15", critical: true);
        var low = (byte)usages;
        var high = (byte)((int)usages >> 8);
        ReadOnlySpan<byte> bits = high == 0 ? [low] : [low, high];
        writer.WriteBitString(bits, System.Numerics.BitOperations.TrailingZeroCount(bits[^1]));
    }

    public static void ExtendedKeyUsage(AsnWriter writer, ImmutableArray<string> usages)
    {
        using var _ = Begin(writer, "2.5.29.37", critical: false);
        using (writer.PushSequence())
        {
            foreach (var usage in usages)
            {
                writer.WriteObjectIdentifier(usage);
            }
        }
    }

    /// <summary>RFC 6960 4.2.2.2.1: the value is NULL.</summary>
    public static void OcspNoCheck(AsnWriter writer)
    {
        using var _ = Begin(writer, "1.3.6.1.5.5.7.48.1.5", critical: false);
        writer.WriteNull();
    }

    /// <summary>cA TRUE.</summary>
    public static void BasicConstraints(AsnWriter writer, int? pathLength)
    {
        using var _ = Begin(writer, "2.5.29.19", critical: true);
        using (writer.PushSequence())
        {
            writer.WriteBoolean(true);
            if (pathLength is { } length)
            {
                writer.WriteInteger(length);
            }
        }
    }

    public static void SubjectKeyIdentifier(AsnWriter writer, ReadOnlySpan<byte> identifier)
    {
        using var _ = Begin(writer, "2.5.29.14", critical: false);
        writer.WriteOctetString(identifier);
    }

    public static void AuthorityKeyIdentifier(AsnWriter writer, ReadOnlySpan<byte> identifier)
    {
        using var _ = Begin(writer, "2.5.29.35", critical: false);
        using (writer.PushSequence())
        {
            writer.WriteOctetString(identifier, Context0);
        }
    }

    /// <summary>Nothing for no address.</summary>
    public static void AuthorityInfoAccess(AsnWriter writer, IReadOnlyList<string> ocsp, IReadOnlyList<string> caIssuers)
    {
        if (ocsp.Count + caIssuers.Count == 0)
        {
            return;
        }

        using var _ = Begin(writer, "1.3.6.1.5.5.7.1.1", critical: false);
        using (writer.PushSequence())
        {
            foreach (var address in ocsp)
            {
                AccessDescription(writer, "1.3.6.1.5.5.7.48.1", address);
            }

            foreach (var address in caIssuers)
            {
                AccessDescription(writer, "1.3.6.1.5.5.7.48.2", address);
            }
        }
    }

    /// <summary>Critical only where the subject is empty (RFC 5280 4.2.1.6).</summary>
    public static void SubjectAltName(AsnWriter writer, SubjectNames names, bool isSubjectEmpty)
    {
        using var _ = Begin(writer, "2.5.29.17", critical: isSubjectEmpty);
        GeneralNames.Write(writer, names);
    }

    public static void NameConstraints(AsnWriter writer, NameConstraints? constraints)
    {
        if (constraints is not null)
        {
            using var _ = Begin(writer, "2.5.29.30", critical: true);
            writer.WriteEncodedValue(constraints.Encode());
        }
    }

    /// <summary>A distribution point for each address; nothing for none.</summary>
    public static void CrlDistributionPoints(AsnWriter writer, IReadOnlyList<string> addresses)
    {
        if (addresses.Count == 0)
        {
            return;
        }

        using var _ = Begin(writer, "2.5.29.31", critical: false);
        using (writer.PushSequence())
        {
            foreach (var address in addresses)
            {
                using (writer.PushSequence())
                using (writer.PushSequence(Context0))
                using (writer.PushSequence(Context0))
                {
                    writer.WriteCharacterString(UniversalTagNumber.IA5String, address, GeneralNames.UriTag);
                }
            }
        }
    }

    public static void Further(AsnWriter writer, CertificateExtension extension)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(extension.Oid);
            if (extension.IsCritical)
            {
                writer.WriteBoolean(true);
            }

            writer.WriteOctetString(extension.Value.Span);
        }
    }

    public static void StepProvisioner(AsnWriter writer, StepProvisionerExtension? provisioner)
    {
        if (provisioner is null)
        {
            return;
        }

        using var _ = Begin(writer, Oids.StepProvisioner, critical: false);
        using (writer.PushSequence())
        {
            writer.WriteInteger(provisioner.Type);
            writer.WriteOctetString(Encoding.UTF8.GetBytes(provisioner.Name));
            writer.WriteOctetString(Encoding.UTF8.GetBytes(provisioner.KeyId));
        }
    }

    private static void AccessDescription(AsnWriter writer, string method, string address)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(method);
            writer.WriteCharacterString(UniversalTagNumber.IA5String, address, GeneralNames.UriTag);
        }
    }

    private static Scope Begin(AsnWriter writer, string oid, bool critical)
    {
        var sequence = writer.PushSequence();
        writer.WriteObjectIdentifier(oid);
        if (critical)
        {
            writer.WriteBoolean(true);
        }

        return new Scope(sequence, writer.PushOctetString());
    }

    /// <summary>Closes the extnValue and the Extension around it.</summary>
    private readonly struct Scope(AsnWriter.Scope sequence, AsnWriter.Scope value) : IDisposable
    {
        public void Dispose()
        {
            value.Dispose();
            sequence.Dispose();
        }
    }
}
