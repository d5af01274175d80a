using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose.Keys;

/// <summary>EdDSA, which the library lacks, beside the library's own algorithms. Verifies only.</summary>
internal sealed class Ed25519SignatureProvider(Ed25519Check check)
    : SignatureProvider(new JsonWebKey { Kty = "OKP", Crv = "Ed25519" }, SignatureAlgorithm.EdDsa)
{
    public override bool Verify(byte[] input, byte[] signature) => check(input, signature);

    public override byte[] Sign(byte[] input) => throw new NotSupportedException();

    protected override void Dispose(bool disposing) { }
}
