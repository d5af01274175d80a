using System.Globalization;
using IoTPlatform.Hosting;

namespace IoTPlatform.Database;

/// <summary>One installed PostgreSQL: the folder with <c>postgres</c> and <c>initdb</c>.</summary>
internal sealed record PostgresBinaries(string Folder, int? Major)
{
    public string Postgres => Path.Combine(Folder, "postgres");

    public string InitDb => Path.Combine(Folder, "initdb");

    public string Restore => Path.Combine(Folder, "pg_restore");

    /// <param name="wanted">The major version that made an existing data folder; null: newest.</param>
    public static PostgresBinaries Find(string? binDirectory, int? wanted)
    {
        var installed = Installed(binDirectory).ToList();
        if (installed.Count == 0)
        {
            throw new StartupException(binDirectory is null
                ? "PostgreSQL's server programs (postgres, initdb) are not installed. Install them (Debian, Ubuntu: apt-get install postgresql) or set IOT_DATABASE to the connection string of a running server."
                : $"No PostgreSQL server programs (postgres, initdb) in {binDirectory}.");
        }

        return (wanted is null ? installed[0] : installed.FirstOrDefault(p => p.Major == wanted || p.Major is null))
            ?? throw new StartupException($"The database was made by PostgreSQL {wanted}, which is not installed (found: {string.Join(", ", installed.Select(p => p.Major))}). Install postgresql-{wanted}, or move the data with pg_upgrade.");
    }

    private static IEnumerable<PostgresBinaries> Installed(string? binDirectory)
    {
        if (binDirectory is not null)
        {
            return Usable(binDirectory) is { } given ? [given] : [];
        }

        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).ToList();
        foreach (var parent in new[] { "/usr/lib/postgresql", "/usr/local/lib/postgresql" }.Where(Directory.Exists))
        {
            folders.AddRange(Directory.EnumerateDirectories(parent).Select(d => Path.Combine(d, "bin")));
        }

        return folders.Select(Usable).OfType<PostgresBinaries>().DistinctBy(p => p.Folder).OrderByDescending(p => p.Major ?? 0);
    }

    private static PostgresBinaries? Usable(string folder)
    {
        var postgres = Path.Combine(folder, "postgres");
        if (!File.Exists(postgres))
        {
            return null;
        }

        // A link on PATH may stand alone: initdb and the share files are beside its target.
        var real = Path.GetDirectoryName(new FileInfo(postgres).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? postgres)!;
        return File.Exists(Path.Combine(real, "initdb")) ? new PostgresBinaries(real, MajorOf(real)) : null;
    }

    // Debian: /usr/lib/postgresql/15/bin. Elsewhere the path says nothing and the server itself refuses a wrong data folder.
    private static int? MajorOf(string folder) =>
        int.TryParse(Path.GetFileName(Path.GetDirectoryName(folder)), NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null;
}
