using System.Text.Json;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Cli;

/// <summary>The built <c>iot</c>, as an operator runs it.</summary>
internal static class IotCli
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static ProcessUnderTest Start(params string[] arguments) => ProcessUnderTest.StartDotnet(StackPrograms.Iot, arguments, Clean);

    public static Task<ToolResult> RunAsync(params string[] arguments) => RunWithAsync([], arguments);

    public static Task<ToolResult> RunWithAsync(Dictionary<string, string?> environment, params string[] arguments) =>
        Tools.RunAsync(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [StackPrograms.Iot, .. arguments], environment: environment.Concat(Clean).DistinctBy(variable => variable.Key).ToDictionary(), timeout: Patience);

    public static async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var result = await RunAsync([.. arguments, "--json"]);
        result.EnsureSuccess();
        return JsonDocument.Parse(result.Output).RootElement;
    }

    // What the machine's operator may have set must not reach a test.
    private static Dictionary<string, string?> Clean => new[] { "IOT_DATA", "IOT_LISTEN", "IOT_DATABASE", "IOT_ADMIN_PASSWORD", "IOT_PROVIDER_URL", "IOT_TENANT_URL", "STEP_CA_PASSWORD", "STEP_CA_FINGERPRINT" }
        .ToDictionary(name => name, _ => (string?)null);
}
