using System.Diagnostics;

namespace IoTPlatform.Testing;

/// <summary>Foreign programs that tests run.</summary>
public static class Tools
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The folder that holds IoTPlatform.sln.</summary>
    public static string RepositoryRoot { get; } = FindRepositoryRoot();

    /// <summary>Full path, or null. <c>step</c>: PATH, then IOT_STEP, then <c>../shared/peers/bin/step</c> beside the repository; other peers (<c>step-ca</c>) likewise, with IOT_STEP_CA.</summary>
    public static string? Find(string name)
    {
        if (Folders().Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists) is { } installed)
        {
            return installed;
        }

        var configured = Environment.GetEnvironmentVariable("IOT_" + name.ToUpperInvariant().Replace('-', '_'));
        if (!string.IsNullOrEmpty(configured) && File.Exists(configured))
        {
            return configured;
        }

        var peer = Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared", "peers", "bin", name));
        return File.Exists(peer) ? peer : null;
    }

    // Debian keeps servers off a user's PATH, and PostgreSQL's off everybody's.
    private static IEnumerable<string> Folders() =>
    [
        .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries), "/usr/sbin",
        .. Directory.Exists("/usr/lib/postgresql") ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")) : [],
    ];

    /// <summary>Runs a program to its end (standard input closed unless given); kills it after the time-out (default 60 s).</summary>
    /// <param name="environment">Added to ours; a null value removes a variable.</param>
    public static async Task<ToolResult> RunAsync(string fileName, IEnumerable<string> arguments, string? input = null, IReadOnlyDictionary<string, string?>? environment = null, string? workingDirectory = null, TimeSpan? timeout = null)
    {
        var start = new ProcessStartInfo(fileName, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = workingDirectory ?? "" };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // the program did not want its input
        }

        using var limit = new CancellationTokenSource(timeout ?? DefaultTimeout);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{fileName} did not end in time.\n{await output}\n{await error}");
        }

        return new ToolResult(process.ExitCode, await output, await error);
    }

    private static string FindRepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "IoTPlatform.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("Tests run from within the repository.");
    }
}
