using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>The same requests to the ACME servers of a real step-ca and of ours. Words, identifiers and moments are not compared; status, members, headers and type of error are.</summary>
public sealed class StepCaAcmeTests(StepCaAcmeTests.Peers peers) : IClassFixture<StepCaAcmeTests.Peers>
{
    /// <summary>With their reasons.</summary>
    private static readonly IReadOnlyList<string> Expected = DocumentedDivergences.Of("The same requests to the ACME servers of both");

    /// <summary>step-ca always has them, and its <c>wildcard</c> is false where ours is left out.</summary>
    private static readonly string[] Ignored = ["id", "notBefore", "notAfter", "validated"];

    [SkippableFact]
    public async Task Requests_OfEveryKind_AreAnsweredAlike()
    {
        var (theirs, ours) = (await RunAsync(peers.Theirs), await RunAsync(peers.Ours));

        theirs.Keys.ShouldBe(ours.Keys);
        theirs.Where(answer => answer.Value != ours[answer.Key]).Select(answer => $"ACME: {answer.Key} | {answer.Value} | {ours[answer.Key]}").ShouldBe(Expected, ignoreOrder: true);
        ours.Values.ShouldContain(answer => answer.StartsWith("201 {", StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyDictionary<string, string>> RunAsync(Peer peer)
    {
        var answers = new Dictionary<string, string>(StringComparer.Ordinal);
        using var client = peer.Client();
        using var other = peer.Client();
        using var stranger = peer.Client();
        using var leafKey = StepCaCalls.NewKey();

        await AddAsync("directory", client.AskAsync(HttpMethod.Get, client.At("directory")));
        await AddAsync("directory of no provisioner", client.AskAsync(HttpMethod.Get, client.At("directory").Replace("/acme/acme/", "/acme/none/", StringComparison.Ordinal)));
        await AddAsync("nonce by HEAD", client.AskAsync(HttpMethod.Head, client.At("new-nonce")));
        await AddAsync("nonce by GET", client.AskAsync(HttpMethod.Get, client.At("new-nonce")));
        await AddAsync("order by GET", client.AskAsync(HttpMethod.Get, client.At("new-order")));

        var contact = new { contact = new[] { "mailto:ops@iot.example" } };
        await AddAsync("account that is not there, only if it exists", stranger.PostAsync(stranger.At("new-account"), new { onlyReturnExisting = true }));
        await AddAsync("account with a contact that is no URL", stranger.PostAsync(stranger.At("new-account"), new { contact = new[] { "ops" } }));
        await AddAsync("account with an empty contact", stranger.PostAsync(stranger.At("new-account"), new { contact = new[] { "" } }));
        client.Account = (await AddAsync("new account", client.PostAsync(client.At("new-account"), contact)))!.Location;
        var account = client.Account!;
        client.Account = null;
        await AddAsync("the same account again", client.PostAsync(client.At("new-account"), contact));
        await AddAsync("the same account, only if it exists", client.PostAsync(client.At("new-account"), new { onlyReturnExisting = true }));
        client.Account = account;
        await other.RegisterAsync();
        await AddAsync("new account by an account", client.PostAsync(client.At("new-account"), contact));
        await AddAsync("account", client.GetAsync(account));
        await AddAsync("account of another", client.GetAsync(other.Account!));
        await AddAsync("contacts changed", client.PostAsync(account, new { contact = new[] { "mailto:dev@iot.example" } }));
        await AddAsync("account of an unknown status", client.PostAsync(account, new { status = "asleep" }));
        await AddAsync("orders of an account without", client.GetAsync(account + "/orders"));

        var orders = client.At("new-order");
        var one = new { identifiers = new[] { AcmeClient.Identifier("wire.test") } };
        await AddAsync("no nonce", client.SendAsync(orders, client.Sign(orders, one, nonce: null)));
        await AddAsync("a nonce that is none", client.SendAsync(orders, client.Sign(orders, one, "bm9uZQ")));
        var spent = await client.NonceAsync();
        await client.SendAsync(orders, client.Sign(orders, one, spent));
        await AddAsync("a nonce that was spent", client.SendAsync(orders, client.Sign(orders, one, spent)));
        await AddAsync("another url", client.SendAsync(orders, client.Sign(client.At("revoke-cert"), one, await client.NonceAsync())));
        await AddAsync("another content type", client.SendAsync(orders, client.Sign(orders, one, await client.NonceAsync()), "application/json"));
        await AddAsync("no JSON", client.SendAsync(orders, "garbage"));
        await AddAsync("another signature", client.SendAsync(orders, WithSignature(client.Sign(orders, one, await client.NonceAsync()), other.Sign(orders, one, await client.NonceAsync()))));
        await AddAsync("both jwk and kid", client.SendAsync(orders, client.Sign(orders, one, await client.NonceAsync(), header => header["jwk"] = client.PublicKey)));
        await AddAsync("neither jwk nor kid", client.SendAsync(orders, client.Sign(orders, one, await client.NonceAsync(), header => header.Remove("kid"))));
        await AddAsync("an order by a key", stranger.PostAsync(orders, one));
        stranger.Account = account[..^4] + "none";
        await AddAsync("an unknown account", stranger.PostAsync(orders, one));
        stranger.Account = account;
        await AddAsync("an account by another's key", stranger.PostAsync(orders, one));
        stranger.Account = null;

        await AddAsync("order of nothing", client.PostAsync(orders, new { identifiers = Array.Empty<object>() }));
        await AddAsync("order of an unknown kind", client.PostAsync(orders, new { identifiers = new[] { new { type = "mail", value = "a@iot.example" } } }));
        await AddAsync("order of no address", client.PostAsync(orders, new { identifiers = new[] { new { type = "ip", value = "wire.test" } } }));
        await AddAsync("order of a name with a port", client.PostAsync(orders, new { identifiers = new[] { new { type = "dns", value = "wire.test:443" } } }));
        await AddAsync("order that is a number", client.PostAsync(orders, 7));
        await AddAsync("order for longer than allowed", client.PostAsync(orders, new { one.identifiers, notAfter = "2099-01-01T00:00:00Z" }));
        await AddAsync("order that ends before it begins", client.PostAsync(orders, new { one.identifiers, notBefore = "2026-01-02T00:00:00Z", notAfter = "2026-01-01T00:00:00Z" }));
        var addresses = await AddAsync("order of an address", client.OrderAsync("192.0.2.7"));
        await AddAsync("authorization of an address", client.GetAsync(addresses!.Authorizations.First()));
        var wildcard = await AddAsync("order of a wildcard", client.OrderAsync("*.wire.test"));
        await AddAsync("authorization of a wildcard", client.GetAsync(wildcard!.Authorizations.First()));

        var order = (await AddAsync("order", client.PostAsync(orders, one)))!;
        var authorization = order.Authorizations.Single();
        await AddAsync("order, read", client.GetAsync(order.Location!));
        await AddAsync("order of another account", other.GetAsync(order.Location!));
        await AddAsync("unknown order", client.GetAsync(order.Location![..^4] + "none"));
        await AddAsync("orders of an account", client.GetAsync(account + "/orders"));
        await AddAsync("authorization", client.GetAsync(authorization));
        await AddAsync("authorization of another account", other.GetAsync(authorization));
        await AddAsync("unknown authorization", client.GetAsync(authorization[..^4] + "none"));
        await AddAsync("finalize before it is ready", client.FinalizeAsync(order, leafKey, null, "wire.test"));
        await AddAsync("certificate before there is one", client.GetAsync(client.At("certificate/none")));

        var challenge = (await client.GetAsync(authorization)).Challenge("dns-01");
        var address = challenge.GetProperty("url").GetString()!;
        await AddAsync("challenge, read", client.GetAsync(address));
        await AddAsync("challenge of another account", other.PostAsync(address, new { }));
        peer.Prove("wire.test", Digest(client.KeyAuthorization(challenge.GetProperty("token").GetString()!)));
        await AddAsync("challenge", client.PostAsync(address, new { }));
        await peer.DecideAsync(client, authorization);
        await AddAsync("authorization that is proven", client.GetAsync(authorization));
        await AddAsync("order that is ready", client.GetAsync(order.Location!));
        await AddAsync("finalize without a request", client.PostAsync(order["finalize"], new { csr = "" }));
        await AddAsync("finalize with what is no request", client.PostAsync(order["finalize"], new { csr = "AAAA" }));
        await AddAsync("finalize for another name", client.FinalizeAsync(order, leafKey, null, "other.test"));
        await AddAsync("finalize for one name more", client.FinalizeAsync(order, leafKey, null, "wire.test", "other.test"));
        await AddAsync("finalize by another account", other.FinalizeAsync(order, leafKey, null, "wire.test"));
        await AddAsync("finalize", client.FinalizeAsync(order, leafKey, "wire.test", "wire.test"));
        await AddAsync("finalize again", client.FinalizeAsync(order, leafKey, "wire.test", "wire.test"));
        var finished = await client.GetAsync(order.Location!);
        await AddAsync("order that is finished", Task.FromResult(finished));
        var certificate = (await AddAsync("certificate", client.GetAsync(finished["certificate"])))!;
        await AddAsync("certificate of another account", other.GetAsync(finished["certificate"]));

        var leaf = Pem.ParseCertificates(certificate.Body)[0];
        using var byKey = peer.Client(leafKey);
        await AddAsync("revoke what is no certificate", client.PostAsync(client.At("revoke-cert"), new { certificate = "AAAA" }));
        await AddAsync("revoke a foreign certificate", client.PostAsync(client.At("revoke-cert"), new { certificate = Base64Url.EncodeToString(ChallengeServers.AlpnCertificate("x", isCritical: true, "foreign.test").RawData) }));
        await AddAsync("revoke by another account", RevokeAsync(other, leaf, 1));
        await AddAsync("revoke by another key", RevokeAsync(stranger, leaf, 1));
        await AddAsync("revoke for no reason of the list", RevokeAsync(client, leaf, 7));
        await AddAsync("revoke for a reason that is none", RevokeAsync(client, leaf, 99));
        await AddAsync("revoke", RevokeAsync(client, leaf, 1));
        await AddAsync("revoke again", RevokeAsync(client, leaf, 1));
        await AddAsync("revoke again, by the certificate's key", RevokeAsync(byKey, leaf, 1));

        var failing = await client.OrderAsync("failing.test");
        await AddAsync("authorization deactivated", client.PostAsync(failing.Authorizations.Single(), new { status = "deactivated" }));
        await AddAsync("order of a deactivated authorization", client.GetAsync(failing.Location!));
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await AddAsync("key change", client.ChangeKeyAsync(next, account));
        await AddAsync("account deactivated", other.PostAsync(other.Account!, new { status = "deactivated" }));
        await AddAsync("order of a deactivated account", other.PostAsync(orders, one));
        await AddAsync("unknown address", client.PostAsync(client.At("nothing"), new { }));
        return answers;

        async Task<AcmeReply?> AddAsync(string name, Task<AcmeReply> call)
        {
            try
            {
                var reply = await call;
                answers.Add(name, Of(reply));
                return reply;
            }
            catch (HttpRequestException)
            {
                answers.Add(name, "no answer");
                return null;
            }
        }
    }

    private static Task<AcmeReply> RevokeAsync(AcmeClient client, X509Certificate2 certificate, int? reason) =>
        client.PostAsync(client.At("revoke-cert"), new { certificate = Base64Url.EncodeToString(certificate.RawDataMemory.Span), reason });

    private static string WithSignature(string body, string other)
    {
        var json = JsonNode.Parse(body)!;
        json["signature"] = (string)JsonNode.Parse(other)!["signature"]!;
        return json.ToJsonString();
    }

    private static string Digest(string keyAuthorization) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(keyAuthorization)));

    /// <summary>Status, body and the headers that the protocol has.</summary>
    private static string Of(AcmeReply reply)
    {
        var headers = (reply.Nonce is null ? "" : " nonce") + (reply.Location is null || reply.Status != HttpStatusCode.Created ? "" : " location")
            + string.Concat(reply.Links.Select(link => link[link.IndexOf("rel=", StringComparison.Ordinal)..].Replace("rel=", " ", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        return $"{(int)reply.Status} {reply.ContentType switch
        {
            "application/problem+json" => reply.Json.TryGetProperty("type", out var type) ? type.GetString()!.Split(':')[^1] : "{}",
            "application/json" => FormOf(reply.Json),
            null => "empty",
            var other => reply.Body.Length == 0 ? "empty" : other,
        }}{headers}";
    }

    private static string FormOf(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(',', json.EnumerateObject().Where(member => !Ignored.Contains(member.Name) && member.Value.ValueKind != JsonValueKind.False).OrderBy(member => member.Name, StringComparer.Ordinal)
            .Select(member => $"{member.Name}:{(member.Name is "status" ? member.Value.GetString() : FormOf(member.Value))}")) + "}",
        JsonValueKind.Array => $"[{string.Join(',', json.EnumerateArray().Select(one => FormOf(one)).Distinct())}]",
        JsonValueKind.String => "text",
        _ => json.ValueKind.ToString(),
    };

    /// <param name="Http">A new client of the authority.</param>
    /// <param name="Url">Of the authority.</param>
    /// <param name="Servers">Who answers for the names.</param>
    /// <param name="Decide">Waits until an authorization is decided.</param>
    internal sealed record Peer(Func<HttpClient> Http, Uri Url, ChallengeServers Servers, Func<AcmeClient, string, Task> Decide)
    {
        public AcmeClient Client(ECDsa? key = null) => new(Http(), Url, AcmeHost.Provisioner, key);

        public void Prove(string name, string text) => Servers.Texts[$"_acme-challenge.{name}"] = text;

        public Task DecideAsync(AcmeClient client, string authorization) => Decide(client, authorization);
    }

    /// <summary>A step-ca with an ACME provisioner and an authority of ours, which ask the same DNS.</summary>
    public sealed class Peers : IAsyncLifetime
    {
        private readonly TempFolder _folder = new();
        private readonly AcmeHost _host = new();
        private ProcessUnderTest? _stepCa;

        internal Peer Theirs { get; private set; } = null!;

        internal Peer Ours { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            var (step, stepCa) = (Requires.Tool("step"), Requires.Tool("step-ca"));
            await _host.InitializeAsync();
            Ours = new Peer(() => _host.Ca.Client(), _host.Ca.Url, _host.Servers, _host.DecidedAsync);
            var (configuration, password, address) = (_folder.Combine("config", "ca.json"), _folder.Combine("password"), $"127.0.0.1:{FreePort.Next()}");
            var environment = new Dictionary<string, string?> { ["STEPPATH"] = _folder.Path, ["HOME"] = _folder.Path };
            await File.WriteAllTextAsync(password, "acme");
            (await Tools.RunAsync(
                step, ["ca", "init", "--name", "Peer", "--dns", "127.0.0.1", "--address", address, "--provisioner", "peer", "--password-file", password, "--provisioner-password-file", password],
                environment: environment)).EnsureSuccess();
            var json = JsonNode.Parse(await File.ReadAllTextAsync(configuration))!;
            json["authority"]!["provisioners"]!.AsArray().Add(new JsonObject { ["type"] = "ACME", ["name"] = AcmeHost.Provisioner });
            await File.WriteAllTextAsync(configuration, json.ToJsonString());
            _stepCa = ProcessUnderTest.Start(stepCa, ["--password-file", password, "--resolver", _host.Servers.Dns.ToString(), configuration], environment, _folder.Path);
            await _stepCa.WaitForLineAsync(line => line.Contains("Serving HTTPS", StringComparison.Ordinal));
            var root = X509CertificateLoader.LoadCertificateFromFile(_folder.Combine("certs", "root_ca.crt"));
            var url = new Uri($"https://{address}/");
            Theirs = new Peer(() => AnyServerHttp.Create(url, [root], client: null, TimeSpan.FromSeconds(30)), url, _host.Servers, (_, _) => Task.CompletedTask);
        }

        public async Task DisposeAsync()
        {
            if (_stepCa is not null)
            {
                await _stepCa.DisposeAsync();
            }

            await _host.DisposeAsync();
            _folder.Dispose();
        }
    }
}
