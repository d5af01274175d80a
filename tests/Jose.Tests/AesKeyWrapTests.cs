using global::Jose;

namespace IoTPlatform.Jose.Tests;

/// <summary>What we rely on of the library's RFC 3394.</summary>
public sealed class AesKeyWrapTests
{
    [Theory]
    [InlineData("000102030405060708090A0B0C0D0E0F", "00112233445566778899AABBCCDDEEFF", "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5")]
    [InlineData("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F", "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21")]
    public void Wrap_Rfc3394Section4_IsThePrintedOne(string kek, string key, string wrapped)
    {
        Convert.ToHexString(AesKeyWrap.Wrap(Convert.FromHexString(key), Convert.FromHexString(kek))).ShouldBe(wrapped);
        Convert.ToHexString(AesKeyWrap.Unwrap(Convert.FromHexString(wrapped), Convert.FromHexString(kek))).ShouldBe(key);
    }

    [Fact]
    public void Unwrap_AnyBitChanged_IsRefused()
    {
        var kek = new byte[16];
        var wrapped = AesKeyWrap.Wrap([.. Enumerable.Range(1, 32).Select(i => (byte)i)], kek);
        for (var bit = 0; bit < wrapped.Length * 8; bit++)
        {
            wrapped[bit / 8] ^= (byte)(1 << (bit % 8));
            Should.Throw<IntegrityException>(() => AesKeyWrap.Unwrap(wrapped, kek));
            wrapped[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        AesKeyWrap.Unwrap(wrapped, kek).Length.ShouldBe(32);
    }
}
