using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.LocalServices;

namespace IoTPlatform.Testing;

/// <summary>A private Keycloak on loopback with its own data folder. It ends with the test process, however that ends.</summary>
public sealed class KeycloakServer : IAsyncDisposable
{
    public const string Admin = KeycloakFolder.Admin;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(180);
    private static readonly Lazy<Task<KeycloakServer>> One = new(() => StartAsync(site: null));
    private readonly TempFolder _folder = new();
    private readonly Uri _health;
    private readonly Func<Task<ServiceCommand>> _command;
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } }) { Timeout = TimeSpan.FromSeconds(60) };
    private ProcessUnderTest? _process;

    private KeycloakServer(KeycloakProgram program, KeycloakSite? site)
    {
        var folder = new KeycloakFolder(_folder.Path, program, FreePort.Next(), FreePort.Next());
        (Url, _health, AdminPassword, _command) = (folder.Url, folder.Health, folder.AdminPassword, () => folder.ServerAsync());
        if (site is null)
        {
            return;
        }

        var shipped = new ShippedKeycloak(_folder.Path, program, site, FreePort.Next(), AdminPassword);
        (Url, _health, _command) = (shipped.Url, shipped.Health, shipped.ServerAsync);
    }

    public Uri Url { get; }

    public string AdminPassword { get; }

    /// <summary>Of health and metrics.</summary>
    public int ManagementPort => _health.Port;

    /// <summary>What it logged since its last start.</summary>
    public string Log => _process?.Output ?? "";

    /// <summary>The one of this test process; a test that stops it starts it again. Skips the test where there is no Keycloak or no Java.</summary>
    public static Task<KeycloakServer> SharedAsync()
    {
        RequireProgram();
        return One.Value;
    }

    /// <summary>One of its own, as deploy/keycloak ships it. Skips as <see cref="SharedAsync"/> does.</summary>
    public static Task<KeycloakServer> StartShippedAsync(KeycloakSite site)
    {
        RequireProgram();
        return StartAsync(site);
    }

    /// <summary>Skips the test where there is no Keycloak or no Java.</summary>
    public static void RequireProgram()
    {
        Requires.That(KeycloakProgram.Find(Tools.RepositoryRoot) is not null, "no Keycloak: neither KEYCLOAK_HOME nor kc.sh on PATH nor ../shared/keycloak");
        Requires.That(KeycloakProgram.HasJava, "java is not installed");
        Requires.Tool("setpriv");
    }

    public string Issuer(string realm) => $"{Url.AbsoluteUri}realms/{realm}";

    /// <summary>After <see cref="KillAsync"/> or <see cref="StopAsync"/>, on the same data and the same port.</summary>
    public async Task StartAgainAsync()
    {
        await LaunchAsync();
        await ReadyAsync();
    }

    /// <summary>Starts without waiting for it to answer.</summary>
    public async Task LaunchAsync()
    {
        // Its script hands TERM on to the JVM; killing the script alone would leave the JVM behind.
        _process = await ForkThread.StartAsync(await _command(), "TERM");
    }

    public async Task ReadyAsync()
    {
        using var limit = new CancellationTokenSource(StartTimeout);
        while (!await IsReadyAsync())
        {
            if (_process!.HasExited || limit.IsCancellationRequested)
            {
                throw new InvalidOperationException($"Keycloak did not start:\n{Log}");
            }

            await Task.Delay(200, CancellationToken.None);
        }
    }

    public async Task StopAsync()
    {
        _process!.Terminate();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGKILL to the JVM, as an out-of-memory killer would; its data stay.</summary>
    public async Task KillAsync()
    {
        var children = await File.ReadAllTextAsync($"/proc/{_process!.Id.ToString(CultureInfo.InvariantCulture)}/task/{_process.Id.ToString(CultureInfo.InvariantCulture)}/children");
        (await Tools.RunAsync("kill", ["-KILL", .. children.Split(' ', StringSplitOptions.RemoveEmptyEntries)])).EnsureSuccess();
        await _process.WaitForExitAsync();
    }

    /// <summary>One call of the admin API as the bootstrap administrator, for objects that a test creates, changes or reads without the platform.</summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">Below <c>admin/realms/</c>, escaped; empty for all realms.</param>
    /// <param name="body">JSON.</param>
    /// <returns>The answer; null for 404 and for an empty one. Any other refusal throws.</returns>
    public async Task<JsonNode?> AdminAsync(HttpMethod method, string path, JsonNode? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Url, ("admin/realms/" + path).TrimEnd('/')));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync("master", ("client_id", "admin-cli"), ("grant_type", "password"), ("username", Admin), ("password", AdminPassword)));
        request.Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.StatusCode == HttpStatusCode.NotFound ? null
            : !response.IsSuccessStatusCode ? throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {text}")
            : text.Length == 0 ? null : JsonNode.Parse(text);
    }

    /// <summary>The representation of a client, secret included; null: none.</summary>
    public async Task<JsonObject?> ClientAsync(string realm, string clientId)
    {
        var found = (await AdminAsync(HttpMethod.Get, $"{realm}/clients?clientId={Uri.EscapeDataString(clientId)}"))!.AsArray();
        return found.Count == 0 ? null : (JsonObject)found[0]!.DeepClone();
    }

    /// <summary>The token endpoint's access token.</summary>
    public async Task<string> TokenAsync(string realm, params (string Name, string Value)[] form) => (string)(await TokensAsync(realm, form))["access_token"]!;

    /// <summary>The token endpoint's answer. Throws with the error for a refusal.</summary>
    public async Task<JsonNode> TokensAsync(string realm, params (string Name, string Value)[] form)
    {
        using var content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var response = await _http.PostAsync(new Uri(Url, $"realms/{realm}/protocol/openid-connect/token"), content);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        return answer["access_token"] is not null ? answer : throw new InvalidOperationException($"{(int)response.StatusCode} {answer.ToJsonString()}");
    }

    /// <summary>A user with a password and realm roles.</summary>
    public async Task AddUserAsync(string realm, string username, string password, params string[] roles)
    {
        await AdminAsync(HttpMethod.Post, $"{realm}/users", new JsonObject
        {
            ["username"] = username,
            ["enabled"] = true,
            ["email"] = username + "@example.com",
            ["emailVerified"] = true,
            ["firstName"] = username,
            ["lastName"] = "Example",
            ["credentials"] = new JsonArray(new JsonObject { ["type"] = "password", ["value"] = password, ["temporary"] = false }),
        });
        foreach (var role in roles)
        {
            await AddUserRoleAsync(realm, username, role);
        }
    }

    public async Task AddUserRoleAsync(string realm, string username, string role)
    {
        var user = (await AdminAsync(HttpMethod.Get, $"{realm}/users?exact=true&username={username}"))![0]!;
        await AdminAsync(HttpMethod.Post, $"{realm}/users/{user["id"]}/role-mappings/realm", new JsonArray((await AdminAsync(HttpMethod.Get, $"{realm}/roles/{role}"))!.DeepClone()));
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _http.Dispose();
        _folder.Dispose();
    }

    private static async Task<KeycloakServer> StartAsync(KeycloakSite? site)
    {
        var server = new KeycloakServer(KeycloakProgram.Find(Tools.RepositoryRoot)!, site);
        try
        {
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await _http.GetAsync(_health);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
