"""Mathematics questions: modules of the package mathematics-dataset (Saxton et al. 2019) → questions with answers.

Input: only settings and a seed. Output: the folders of questions that the stage `reasoning` writes; no prompt is in
two of them. The package has answers and no worked solutions, so there are no samples.
"""
