using System.Net;
using System.Security.Cryptography;

namespace IoTPlatform.Pki.Tests.Requests;

/// <summary>Damaged requests are refused with PkiException, by nothing else, and never accepted.</summary>
public sealed class CsrFuzzTests
{
    private static readonly byte[] Valid = Create();

    [Fact]
    public void Parse_EveryPrefix_IsRefused()
    {
        for (var length = 0; length < Valid.Length; length++)
        {
            var prefix = Valid[..length];
            ((Action)(() => CertificateSigningRequest.ParseDer(prefix))).ShouldBeRefused(PkiError.Malformed);
        }
    }

    [Fact]
    public void Parse_EverySingleBitFlip_IsRefused()
    {
        for (var bit = 0; bit < Valid.Length * 8; bit++)
        {
            var damaged = (byte[])Valid.Clone();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Should.Throw<PkiException>(() => CertificateSigningRequest.ParseDer(damaged), $"bit {bit}");
        }
    }

    [Fact]
    public void Parse_SeveralDamagedBytes_AreRefused()
    {
        var noise = new Noise("csr");
        for (var round = 0; round < 20_000; round++)
        {
            var damaged = (byte[])Valid.Clone();
            for (var i = noise.Next(6) + 1; i > 0; i--)
            {
                damaged[noise.Next(damaged.Length)] = (byte)noise.Next(256);
            }

            if (!damaged.AsSpan().SequenceEqual(Valid))
            {
                Should.Throw<PkiException>(() => CertificateSigningRequest.ParseDer(damaged), $"round {round}");
            }
        }
    }

    [Fact]
    public void Parse_RandomBytes_AreRefused()
    {
        var noise = new Noise("random");
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[noise.Next(200)];
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)(noise.Next(4) == 0 ? 0x30 : noise.Next(256));
            }

            Should.Throw<PkiException>(() => CertificateSigningRequest.ParseDer(bytes), $"round {round}");
        }
    }

    private static byte[] Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = CertificateSigningRequest.CreatePem(key, new SubjectNames
        {
            CommonName = "device-1",
            Dns = ["device-1"],
            Ip = [IPAddress.Parse("10.0.0.1")],
            Uris = ["spiffe://acme.iotplatform.internal/device/device-1"],
        });
        return CertificateSigningRequest.ParsePem(pem).Der.ToArray();
    }
}
