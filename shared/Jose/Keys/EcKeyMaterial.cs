using System.Security.Cryptography;
using System.Text.Json;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose.Keys;

/// <summary>RFC 7518 section 6.2.</summary>
internal sealed class EcKeyMaterial : KeyMaterial
{
    private readonly EcCurve curve;
    private readonly ECParameters parameters;

    private EcKeyMaterial(EcCurve curve, ECParameters parameters)
    {
        this.curve = curve;
        this.parameters = parameters;
    }

    public EcCurve NamedCurve => curve;

    public override string KeyType => "EC";

    public override string Curve => curve.Name;

    public override bool HasPrivateKey => parameters.D is not null;

    public static EcKeyMaterial From(ECParameters parameters) => new(EcCurve.Of(parameters.Curve), parameters);

    public static new EcKeyMaterial Read(JwkMembers members)
    {
        var curve = EcCurve.ByName(members.Text("crv"));
        var material = new EcKeyMaterial(curve, new ECParameters
        {
            Curve = curve.ToECCurve(),
            Q = new ECPoint { X = members.Bytes("x", curve.CoordinateLength), Y = members.Bytes("y", curve.CoordinateLength) },
            D = members.Has("d") ? members.Bytes("d", curve.CoordinateLength) : null,
        });

        // The import refuses a point that isn't on the curve and a private key that isn't the point's.
        material.ToECDsa().Dispose();
        return material;
    }

    public ECDsa ToECDsa()
    {
        try
        {
            return ECDsa.Create(parameters);
        }
        catch (CryptographicException e)
        {
            throw new JoseException(JoseError.KeyNotAllowed, "The key is not a point on its curve, or its private part is another key's.", e);
        }
    }

    public override KeyMaterial ToPublic()
        => HasPrivateKey ? new EcKeyMaterial(curve, new ECParameters { Curve = parameters.Curve, Q = parameters.Q }) : this;

    public override void WritePublic(Utf8JsonWriter writer)
    {
        writer.WriteString("x", StrictBase64Url.Encode(parameters.Q.X));
        writer.WriteString("y", StrictBase64Url.Encode(parameters.Q.Y));
    }

    public override void WritePrivate(Utf8JsonWriter writer) => writer.WriteString("d", StrictBase64Url.Encode(parameters.D));

    public override string ThumbprintInput()
        => $$"""{"crv":"{{curve.Name}}","kty":"EC","x":"{{StrictBase64Url.Encode(parameters.Q.X)}}","y":"{{StrictBase64Url.Encode(parameters.Q.Y)}}"}""";

    public override byte[] SubjectPublicKeyInfo()
    {
        using var key = ToECDsa();
        return key.ExportSubjectPublicKeyInfo();
    }
}
