using Microsoft.IdentityModel.Tokens;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace IoTPlatform.Jose.Keys;

/// <summary>EdDSA with Ed25519 (RFC 8037), which IdentityModel lacks, beside its own algorithms. Verifies only.</summary>
internal sealed class Ed25519SignatureProvider(byte[] publicKey)
    : SignatureProvider(new JsonWebKey { Kty = "OKP", Crv = "Ed25519" }, SignatureAlgorithm.EdDsa)
{
    public override bool Verify(byte[] input, byte[] signature) => Ed25519.Verify(signature, 0, publicKey, 0, input, 0, input.Length);

    public override byte[] Sign(byte[] input) => throw new NotSupportedException();

    protected override void Dispose(bool disposing) { }
}
