using IoTPlatform.Pki.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki.Signing;

/// <summary>
/// What lint sees is a complete certificate, yet worthless: its signature was made once, over other bytes, by a key per curve that was
/// thrown away at once. (Lint reads a certificate; a signature by a living key would only cost what the real one costs.)
/// </summary>
internal static class ThrowAwaySignature
{
    private static readonly Lazy<Signature> P256 = new(() => Make(KeyKind.P256));
    private static readonly Lazy<Signature> P384 = new(() => Make(KeyKind.P384));
    private static readonly Lazy<Signature> P521 = new(() => Make(KeyKind.P521));

    /// <summary>The certificate as an issuer with a key of this kind would sign it.</summary>
    public static byte[] Under(KeyKind issuerKey, ReadOnlySpan<byte> tbs)
    {
        var signature = (issuerKey switch { KeyKind.P256 => P256, KeyKind.P384 => P384, _ => P521 }).Value;
        return SignedStructure.Assemble(tbs, SignatureAlgorithms.Identifier(signature.Algorithm), signature.Der);
    }

    private static Signature Make(KeyKind kind)
    {
        using var key = CaKey.Generate(kind);
        return new Signature(key.Algorithm, key.SignDer("lint"u8));
    }

    private sealed record Signature(SignatureAlgorithm Algorithm, byte[] Der);
}
