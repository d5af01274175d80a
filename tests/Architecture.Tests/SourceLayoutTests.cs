using System.Text.RegularExpressions;

namespace IoTPlatform.Architecture.Tests;

public sealed class SourceLayoutTests
{
    /// <summary>One idea a file: more than that has no room.</summary>
    private const int MostLines = 400;

    /// <summary>A file of several types is called as one of them, or as the topic that they are records of.</summary>
    [Fact]
    public void EveryFileOfOneType_IsNamedAsIt()
        => (from project in Repository.Projects
            from file in project.Sources
            let types = file.PublicTypes.Distinct().ToList()
            where types.Count == 1 && !file.Mentions($@"\b(class|record|struct|interface|enum) {Regex.Escape(file.Name.Split('.')[0])}\b")
            select $"{file.Path}: {types[0]}")
            .ShouldBeEmpty();

    [Fact]
    public void NoFile_IsLongerThanAnIdea()
        => (from project in Repository.Product
            from file in project.Sources
            where file.Code.Count(c => c == '\n') > MostLines
            select file.Path)
            .ShouldBeEmpty();

    [Fact]
    public void EveryFile_IsInItsProjectsNamespace()
        => (from project in Repository.Projects
            from file in project.Sources
            where file.Namespace is { } name && name != $"IoTPlatform.{project.Name}" && !name.StartsWith($"IoTPlatform.{project.Name}.", StringComparison.Ordinal)
            select $"{file.Path}: {file.Namespace}")
            .ShouldBeEmpty();

    [Fact]
    public void Product_NeverTurnsTheCompilersChecksOff()
        => (from project in Repository.Product
            from file in project.Sources
            where file.Mentions(@"#nullable disable|#pragma warning disable")
            select file.Path)
            .ShouldBeEmpty();

    // A machine that is busy for a moment is no attack: the input is bounded before, so no match takes long by itself.
    [Fact]
    public void NoPatternOfTheProduct_GivesUpByTheClock()
        => (from project in Repository.Product
            from file in project.Sources
            where file.Mentions(@"\[GeneratedRegex\(.*(?<!Timeout\.Infinite)\)\]")
            select file.Path)
            .ShouldBeEmpty();

    [Theory]
    [InlineData("Nullable")]
    [InlineData("TreatWarningsAsErrors")]
    [InlineData("NoWarn")]
    [InlineData("WarningsNotAsErrors")]
    [InlineData("RunAnalyzers")]
    public void NoProject_LoosensTheCommonRules(string property)
        => Repository.Projects.Where(project => project.Xml.Descendants(property).Any()).Select(project => project.Path).ShouldBeEmpty();

    [Fact]
    public void NoType_IsAUtilHelperOrManager()
        => (from project in Repository.Product
            from file in project.Sources
            where Path.GetFileNameWithoutExtension(file.Name) is var name
                && (name.EndsWith("Util", StringComparison.Ordinal) || name.EndsWith("Utils", StringComparison.Ordinal)
                    || name.EndsWith("Helper", StringComparison.Ordinal) || name.EndsWith("Helpers", StringComparison.Ordinal)
                    || name.EndsWith("Manager", StringComparison.Ordinal))
            select file.Path)
            .ShouldBeEmpty();
}
