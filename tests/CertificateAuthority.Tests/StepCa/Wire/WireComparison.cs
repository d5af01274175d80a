namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>The same request to both authorities, again and again; the answers that differ must be those of the documented table, and each of those must differ.</summary>
/// <param name="peers">Both.</param>
/// <param name="part">Of the table: what the names of its requests begin with.</param>
internal sealed class WireComparison(WirePeers peers, string part)
{
    private const string Heading = "The same requests to both, answer by answer, of the API beside ACME and administration";

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<string> _differences = [];

    public static IReadOnlyList<string> Documented => DocumentedDivergences.Of(Heading);

    public async Task AskAsync(string name, Func<WirePeer, Task<string>> ask)
    {
        _names.Add(name).ShouldBeTrue(name);
        var (theirs, ours) = (await ask(peers.Theirs), await ask(peers.Ours));
        if (theirs != ours)
        {
            _differences.Add($"{part}: {name} | {theirs} | {ours}");
        }
    }

    public Task AskAsync(string name, string method, string path, string? body = null) => AskAsync(name, peer => peer.AskAsync(method, path, body));

    public void ShouldDifferAsDocumented() => _differences.ShouldBe(Documented.Where(line => line.StartsWith(part + ": ", StringComparison.Ordinal)), ignoreOrder: true);
}
