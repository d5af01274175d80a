using System.Formats.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki.Tests.Crypto;

/// <summary>RFC 3279 2.2.3: Ecdsa-Sig-Value.</summary>
public sealed class EcdsaSignatureTests
{
    [Theory]
    [InlineData(32)]
    [InlineData(48)]
    [InlineData(66)]
    public void ToDer_AllShapesOfIntegers_AreWhatTheAsnWriterWrites(int size)
    {
        var noise = new Noise($"ecdsa {size}");
        Span<byte> destination = stackalloc byte[EcdsaSignature.MaxDerBytes];
        for (var round = 0; round < 5000; round++)
        {
            var value = new byte[2 * size];
            for (var i = 0; i < value.Length; i++)
            {
                value[i] = (byte)noise.Next(256);
            }

            // every number of leading zeros, with and without the top bit behind them
            value.AsSpan(0, noise.Next(size)).Clear();
            value.AsSpan(size, noise.Next(size)).Clear();

            destination[..EcdsaSignature.ToDer(value, destination)].ToArray().ShouldBe(Expected(value));
        }
    }

    [Fact]
    public void ToDer_LargestP521Value_Fits()
    {
        Span<byte> destination = stackalloc byte[EcdsaSignature.MaxDerBytes];
        var value = Enumerable.Repeat((byte)0xFF, EcdsaSignature.MaxFixedBytes).ToArray();
        destination[..EcdsaSignature.ToDer(value, destination)].ToArray().ShouldBe(Expected(value));
    }

    private static byte[] Expected(ReadOnlySpan<byte> value)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(new System.Numerics.BigInteger(value[..(value.Length / 2)], isUnsigned: true, isBigEndian: true));
            writer.WriteInteger(new System.Numerics.BigInteger(value[(value.Length / 2)..], isUnsigned: true, isBigEndian: true));
        }

        return writer.Encode();
    }
}
