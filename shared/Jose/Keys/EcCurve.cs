using System.Security.Cryptography;

namespace IoTPlatform.Jose.Keys;

/// <summary>A curve of RFC 7518 section 6.2.1.1 with the one algorithm it signs with (section 3.4).</summary>
internal sealed record EcCurve(string Name, string Oid, int CoordinateLength, string Algorithm, HashAlgorithmName Hash)
{
    public static readonly EcCurve P256 = new("P-256", "1.2.840.10045.3.1.7", 32, "ES256", HashAlgorithmName.SHA256);
    public static readonly EcCurve P384 = new("P-384", "1.3.132.0.34", 48, "ES384", HashAlgorithmName.SHA384);
    public static readonly EcCurve P521 = new("P-521", "1.3.132.0.35", 66, "ES512", HashAlgorithmName.SHA512);

    private static readonly EcCurve[] All = [P256, P384, P521];

    public int SignatureLength => 2 * CoordinateLength;

    public ECCurve ToECCurve() => ECCurve.CreateFromValue(Oid);

    public static EcCurve ByName(string? name)
        => Array.Find(All, curve => curve.Name == name)
            ?? throw new JoseException(JoseError.KeyNotAllowed, "The key's curve is not P-256, P-384 or P-521.");

    public static EcCurve Of(ECCurve curve)
        => curve.IsNamed && Array.Find(All, known => known.Oid == curve.Oid.Value) is { } found
            ? found
            : throw new JoseException(JoseError.KeyNotAllowed, "The key's curve is not P-256, P-384 or P-521.");
}
