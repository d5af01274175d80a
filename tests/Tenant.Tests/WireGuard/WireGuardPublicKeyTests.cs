using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Features.WireGuard;

namespace IoTPlatform.Tenant.Tests.WireGuard;

public sealed class WireGuardPublicKeyTests
{
    private const string Good = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

    [Fact]
    public void Check_CanonicalKey_IsReturned() => WireGuardPublicKey.Check(Good).ShouldBe(Good);

    [Theory]
    [InlineData("")]
    [InlineData("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo")]
    [InlineData("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmp=")]
    [InlineData(" hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTm=")]
    [InlineData("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTm\n=")]
    [InlineData("hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo=")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")] // of small order
    [InlineData("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n[Peer]")]
    public void Check_AnythingElse_IsRefused(string key) =>
        Should.Throw<ProblemException>(() => WireGuardPublicKey.Check(key)).Code.ShouldBe("invalid_wireguard_key");
}
