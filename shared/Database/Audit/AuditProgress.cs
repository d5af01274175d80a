namespace IoTPlatform.Database;

/// <summary>How far a verification of the audit log is.</summary>
/// <param name="Done">Entries.</param>
/// <param name="All">Entries.</param>
public readonly record struct AuditProgress(long Done, long All)
{
    /// <summary>It is told after so many entries.</summary>
    public const int Every = 5000;
}
