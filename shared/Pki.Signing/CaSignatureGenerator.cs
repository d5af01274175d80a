using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki.Signing;

/// <summary>A <see cref="CaKey"/> as the BCL's builders want one. The hash goes by the key; the caller's is ignored.</summary>
internal sealed class CaSignatureGenerator(CaKey key) : X509SignatureGenerator
{
    public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => SignatureAlgorithms.Identifier(key.Algorithm).ToArray();

    public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => key.SignDer(data);

    protected override PublicKey BuildPublicKey() => PublicKey.CreateFromSubjectPublicKeyInfo(key.SubjectPublicKeyInfo, out _);
}
