namespace IoTPlatform.Contracts.Tests;

public sealed class SnakeCaseTests
{
    [Theory]
    [InlineData("Id", "id")]
    [InlineData("DeviceId", "device_id")]
    [InlineData("KeySha256", "key_sha256")]
    [InlineData("SubCaKeySha256", "sub_ca_key_sha256")]
    [InlineData("CdmIdpClientId", "cdm_idp_client_id")]
    [InlineData("PublicKeyPEM", "public_key_pem")]
    public void Of_Name_HasUnderscoresBetweenItsWords(string name, string expected) => SnakeCase.Of(name).ShouldBe(expected);

    [Fact]
    public void Of_EnumValue_IsItsName() => SnakeCase.Of(DayOfWeek.Monday).ShouldBe("monday");
}
