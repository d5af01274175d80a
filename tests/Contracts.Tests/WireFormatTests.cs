using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;

namespace IoTPlatform.Contracts.Tests;

/// <summary>What goes over the wire: names and shapes are promises to other people's programs.</summary>
public sealed class WireFormatTests
{
    [Fact]
    public void JoinRequest_Members_AreTheDocumentedOnes() =>
        Names(new JoinRequest { SubCaCsr = "a", MqttBridgeCsr = "b", WgPubkey = "c", KeycloakUrl = "d" }, ContractsJson.Default.JoinRequest)
            .ShouldBe(["sub_ca_csr", "mqtt_bridge_csr", "wg_pubkey", "keycloak_url"]);

    [Fact]
    public void JoinBundle_Members_AreTheDocumentedOnes() =>
        Names(Samples.Bundle, ContractsJson.Default.JoinBundle).ShouldBe(
            [
                "tenant_id", "status", "platform_domain", "signed_cert", "root_ca_cert", "ca_chain", "rabbitmq_url", "rabbitmq_mqtt_url", "rabbitmq_vhost",
                "rabbitmq_user", "mqtt_bridge_cert", "cdm_idp_client_id", "cdm_idp_client_secret", "cdm_discovery_url",
            ],
            ignoreOrder: true);

    [Fact]
    public void PreparedTenant_Members_AreTheDocumentedOnes() =>
        Names(new PreparedTenant { TenantId = "acme", DisplayName = "Acme", JoinKey = "k", ExpiresAt = DateTimeOffset.UnixEpoch, Hint = "h" }, ContractsJson.Default.PreparedTenant)
            .ShouldBe(["tenant_id", "display_name", "join_key", "expires_at", "hint"]);

    [Fact]
    public void EnrollRequest_Members_AreTheDocumentedOnes() =>
        Names(new EnrollRequest { Csr = "a", DeviceName = "b", DeviceType = "c", WgPublicKey = "d" }, ContractsJson.Default.EnrollRequest)
            .ShouldBe(["csr", "device_name", "device_type", "wg_public_key"]);

    [Fact]
    public void Null_IsLeftOut() =>
        JsonSerializer.Serialize(new RenewRequest(), ContractsJson.Default.RenewRequest).ShouldBe("{}");

    [Fact]
    public void Read_UnknownMembers_ArePassedOver() =>
        JsonSerializer.Deserialize("{\"csr\":\"x\",\"new_in_version_9\":{\"a\":[1]}}", ContractsJson.Default.EnrollRequest)!.Csr.ShouldBe("x");

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"sub_ca_csr\":\"a\"}")]
    [InlineData("{\"SubCaCsr\":\"a\",\"MqttBridgeCsr\":\"b\"}")]
    [InlineData("{\"sub_ca_csr\":1,\"mqtt_bridge_csr\":\"b\"}")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    public void Read_MissingOrMistypedMembers_IsAnError(string json) =>
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize(json, ContractsJson.Default.JoinRequest));

    [Fact]
    public void CreateEnrollmentTokenRequest_Defaults_AreOneDeviceForOneDay()
    {
        var request = JsonSerializer.Deserialize("{}", ContractsJson.Default.CreateEnrollmentTokenRequest)!;

        (request.Uses, request.ExpiresInSeconds, request.DeviceId).ShouldBe((1, 86_400, null));
    }

    [Fact]
    public void Status_OfAnOlderServer_IsRead() =>
        JsonSerializer.Deserialize("""{"tenant_id":"a","display_name":"b","status":"Active","created_at":"2026-01-01T00:00:00Z"}""", ContractsJson.Default.TenantSummary)!.Status.ShouldBe(TenantStatus.Active);

    [Fact]
    public void Status_IsWrittenByName()
    {
        foreach (var status in Enum.GetValues<TenantStatus>())
        {
            var json = JsonSerializer.Serialize(new TenantSummary { TenantId = "a", DisplayName = "b", Status = status, CreatedAt = DateTimeOffset.UnixEpoch }, ContractsJson.Default.TenantSummary);
            JsonDocument.Parse(json).RootElement.GetProperty("status").GetString().ShouldBe(JsonNamingPolicy.SnakeCaseLower.ConvertName(status.ToString()));
            JsonSerializer.Deserialize(json, ContractsJson.Default.TenantSummary)!.Status.ShouldBe(status);
        }
    }

    private static string[] Names<T>(T value, JsonTypeInfo<T> type) =>
        [.. JsonDocument.Parse(JsonSerializer.Serialize(value, type)).RootElement.EnumerateObject().Select(member => member.Name)];

    /// <summary>What a device wrote is as long at the provider as it was: it was measured where it came in.</summary>
    [Fact]
    public void CommandReport_Answer_IsTheDevicesOwnText()
    {
        const string Answer = """{"t":"<&'+ü漢","n":1.50e0, "a":[ 1 ]}""";
        var report = new BridgeCommandReport { State = CommandState.Answered, Answer = JsonElement.Parse(Answer) };

        var body = Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(report, BridgeCommandJson.Report));

        body.ShouldContain(Answer);
        JsonSerializer.Deserialize(body, BridgeCommandJson.Report)!.Answer!.Value.GetRawText().ShouldBe(Answer);
        JsonSerializer.Deserialize("""{"state":"expired","answer":null}""", BridgeCommandJson.Report)!.Answer.ShouldBeNull();
    }
}
