using IoTPlatform.Jose.Encryption;

namespace IoTPlatform.Jose.Tests;

public sealed class AesKeyWrapTests
{
    [Theory]
    [InlineData("000102030405060708090A0B0C0D0E0F", "00112233445566778899AABBCCDDEEFF", "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5")]
    [InlineData("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F", "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21")]
    public void Wrap_Rfc3394Section4_IsThePrintedOne(string kek, string key, string wrapped)
    {
        Convert.ToHexString(AesKeyWrap.Wrap(Convert.FromHexString(kek), Convert.FromHexString(key))).ShouldBe(wrapped);
        var unwrapped = new byte[key.Length / 2];
        AesKeyWrap.TryUnwrap(Convert.FromHexString(kek), Convert.FromHexString(wrapped), unwrapped).ShouldBeTrue();
        Convert.ToHexString(unwrapped).ShouldBe(key);
    }

    [Fact]
    public void TryUnwrap_AnyBitChanged_IsFalseAndLeavesNothing()
    {
        var kek = new byte[16];
        var wrapped = AesKeyWrap.Wrap(kek, [.. Enumerable.Range(1, 32).Select(i => (byte)i)]);
        var key = new byte[32];
        for (var bit = 0; bit < wrapped.Length * 8; bit++)
        {
            wrapped[bit / 8] ^= (byte)(1 << (bit % 8));
            AesKeyWrap.TryUnwrap(kek, wrapped, key).ShouldBeFalse();
            key.ShouldAllBe(b => b == 0);
            wrapped[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        AesKeyWrap.TryUnwrap(kek, wrapped, key).ShouldBeTrue();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(39)]
    [InlineData(48)]
    public void TryUnwrap_WrongLength_IsFalse(int length)
        => AesKeyWrap.TryUnwrap(new byte[16], new byte[length], new byte[32]).ShouldBeFalse();
}
