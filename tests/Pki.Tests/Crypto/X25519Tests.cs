using System.Security.Cryptography;
using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Tests.Crypto;

public sealed class X25519Tests
{
    [Theory]
    [InlineData("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")]
    [InlineData("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")]
    public void PublicKey_Rfc7748Section61_IsTheVector(string privateKey, string publicKey) =>
        Convert.ToHexStringLower(X25519.PublicKey(Convert.FromHexString(privateKey))).ShouldBe(publicKey);

    [Fact]
    public void GeneratePrivateKey_Always_IsClampedAsRfc7748Section5()
    {
        for (var i = 0; i < 200; i++)
        {
            var key = X25519.GeneratePrivateKey();

            (key[0] & 7).ShouldBe(0);
            (key[31] & 128).ShouldBe(0);
            (key[31] & 64).ShouldBe(64);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void PublicKey_WrongLength_Throws(int length) =>
        Should.Throw<CryptographicException>(() => X25519.PublicKey(new byte[length]));

    /// <summary>Order 1, 2, 4 and 8 on the curve or its twist, 0, 1 and p - 1 also not reduced (RFC 7748 section 5 reads those modulo p) and with the unused bit.</summary>
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [InlineData("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")]
    public void IsSmallOrder_PointsOfSmallOrder_IsTrue(string publicKey) => X25519.IsSmallOrder(Convert.FromHexString(publicKey)).ShouldBeTrue();

    [Theory]
    [InlineData("0900000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")]
    [InlineData("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")] // 3, not reduced
    public void IsSmallOrder_OtherPoints_IsFalse(string publicKey) => X25519.IsSmallOrder(Convert.FromHexString(publicKey)).ShouldBeFalse();

    [SkippableFact]
    public async Task PublicKey_RandomKeys_AgreesWithWg()
    {
        var wg = Requires.Tool("wg");
        for (var i = 0; i < 10; i++)
        {
            var key = X25519.GeneratePrivateKey();

            var answer = (await Tools.RunAsync(wg, ["pubkey"], Convert.ToBase64String(key) + "\n")).EnsureSuccess();

            answer.Output.Trim().ShouldBe(Convert.ToBase64String(X25519.PublicKey(key)));
        }
    }
}
